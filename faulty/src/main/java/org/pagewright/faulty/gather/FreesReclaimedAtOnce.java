package org.pagewright.faulty.gather;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.kernel.tablelife.ArchTableRow;
import org.pagewright.kernel.tablelife.ArchTables;
import org.pagewright.kernel.tablelife.FreeMode;
import org.pagewright.kernel.tablelife.LinuxVersion;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * PT_RECLAIM on an architecture that frees lowest tables at once ("Enable CONFIG_PT_RECLAIM on all
 * architectures", Nov 2025; Qi Zheng's answer of 2025-11-03). Linux 7.0 first makes such
 * architectures free by RCU.
 *
 * <p>Scenario: CPU 0 empties a table and reclaims it; CPU 1 looks at an entry without locks.
 */
public final class FreesReclaimedAtOnce {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "pt-reclaim-immediate-free-arch",
          35,
          PlantedBug.Status.CONFIRMED,
          "table-life",
          "reclaimed tables go at once where walkers expect them to go by RCU",
          Search.exhaust(
              isPlanted ->
                  reclaimUnderWalk(
                      ArchTables.named("alpha"),
                      isPlanted ? LinuxVersion.V6_17 : LinuxVersion.V7_0),
              /* preemptionsMax= */ 1));

  private FreesReclaimedAtOnce() {}

  /** The scenario with tables freed as an architecture's kernel frees them. */
  static Trial<TableWorld> reclaimUnderWalk(ArchTableRow row, LinuxVersion version) {
    FreeMode lowest = row.mode(1, version);
    FreeMode upper = row.mode(2, version);
    List<FreeMode> modes = List.of(lowest, upper, upper, upper, upper);
    return new Trial<>(
        () -> {
          TableWorld world = new TableWorld(TableRules.ALL, config -> config.withModes(modes));
          world.fault(world.kernel().cpu(0), TableWorld.HEAP);
          return world;
        },
        List.of(
            List.of(
                TableWorld.act(
                    "madvise(DONTNEED) of a table",
                    (world, cpu) ->
                        world.dontNeed(
                            cpu, TableWorld.HEAP, TableWorld.HEAP + TableWorld.TABLE_BYTES))),
            List.of(
                TableWorld.act(
                    "look at its first entry without locks",
                    (world, cpu) -> world.look(cpu, TableWorld.HEAP)))));
  }
}
