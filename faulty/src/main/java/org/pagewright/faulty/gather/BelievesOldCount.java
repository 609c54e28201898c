package org.pagewright.faulty.gather;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.kernel.gather.ReclaimRules;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * A zap that let go of a table's lock still believes that the part it emptied before is empty
 * (zap_pte_range(), Linux 6.14-rc; "mm: pgtable: fix incorrect reclaim of non-empty PTE pages",
 * 2025-02-11).
 *
 * <p>Scenario: CPU 0 zaps a table and is rescheduled after 32 entries; CPU 1 faults in the first.
 */
public final class BelievesOldCount {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "pt-reclaim-refilled-table",
          15,
          PlantedBug.Status.CONFIRMED,
          "emptied-tables",
          "a zap that let go of the lock believes that the table is still empty",
          Search.exhaust(BelievesOldCount::refill, /* preemptionsMax= */ 1));

  private BelievesOldCount() {}

  private static Trial<TableWorld> refill(boolean isPlanted) {
    ReclaimRules rules = isPlanted ? ReclaimRules.LINUX_6_14_RC : ReclaimRules.LINUX_6_17;
    return new Trial<>(
        () -> {
          TableWorld world = new TableWorld(TableRules.ALL, config -> config.withReclaim(rules));
          world.fault(world.kernel().cpu(0), TableWorld.HEAP);
          int[] looks = new int[1];
          world.tables().setReschedule(cpu -> looks[0]++ == 0);
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
                    "fault in its first page",
                    (world, cpu) -> world.fault(cpu, TableWorld.HEAP)))));
  }
}
