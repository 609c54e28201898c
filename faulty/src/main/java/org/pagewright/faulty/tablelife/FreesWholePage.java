package org.pagewright.faulty.tablelife;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.gather.TableWorld;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.tablelife.ArchTables;
import org.pagewright.kernel.tablelife.LinuxVersion;
import org.pagewright.kernel.tablelife.RowTables;
import org.pagewright.kernel.tablelife.TableOwner;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * PT_RECLAIM on an architecture whose tables share pages: the delayed free of code for all
 * architectures takes the table for a page of its own ("enable PT_RECLAIM on all 64-bit
 * architectures" up to v3; Andreas Larsson's report in the changelog of v4, 2026-01-27).
 *
 * <p>Scenario: one of two tables in a page is reclaimed.
 */
public final class FreesWholePage {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "pt-reclaim-non-ptdesc-table",
          36,
          PlantedBug.Status.CONFIRMED,
          "table-construction",
          "a fragment of a page is freed as if it were the page",
          (isPlanted, isOver) ->
              Search.once(
                      planted -> new TableWorld(TableRules.ALL, config -> config),
                      world -> reclaimOne(world, isPlanted))
                  .run(isPlanted, isOver));

  private FreesWholePage() {}

  private static void reclaimOne(TableWorld world, boolean isPlanted) {
    Cpu cpu = world.kernel().cpu(0);
    RowTables tables =
        new RowTables(
            ArchTables.named("powerpc64-radix-64k"),
            LinuxVersion.V7_0,
            world.kernel().allocator(),
            world.kernel().constructors(),
            world.machine().events());
    TableOwner owner = world.mm().tables().owner();
    long first = tables.allocate(cpu, /* level= */ 1, owner);
    long second = tables.allocate(cpu, /* level= */ 1, owner);
    if (isPlanted) {
      tables.freeAsDescriptor(cpu, first, 1);
    } else {
      tables.free(cpu, first, 1);
      tables.free(cpu, second, 1);
    }
  }
}
