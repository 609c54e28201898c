package org.pagewright.faulty.tablelife;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.gather.TableWorld;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tablelife.ConstructingTables;
import org.pagewright.kernel.tablelife.TableOwner;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * A special allocator constructs the kernel's tables without saying whose they are, and each gets a
 * lock that nobody ever takes (arm64 until "arm64: mm: Always call PTE/PMD ctor in
 * __create_pgd_mapping()", 2025; riscv since).
 *
 * <p>Scenario: hot-added memory is mapped through such an allocator.
 */
public final class ForgetsOwner {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "ctor-with-unknown-mm",
          60,
          PlantedBug.Status.CONFIRMED,
          "table-construction",
          "kernel tables are constructed without their owner and get locks",
          (isPlanted, isOver) ->
              Search.once(
                      planted -> new TableWorld(TableRules.ALL, config -> config),
                      world -> KernelRange.map(world, tables(world, isPlanted)))
                  .run(isPlanted, isOver));

  private ForgetsOwner() {}

  private static TableSource tables(TableWorld world, boolean isPlanted) {
    return ConstructingTables.all(
        world.kernel().plainTablePages(),
        world.kernel().constructors(),
        world.machine().format(),
        isPlanted ? TableOwner.UNKNOWN : TableOwner.INIT_MM);
  }
}
