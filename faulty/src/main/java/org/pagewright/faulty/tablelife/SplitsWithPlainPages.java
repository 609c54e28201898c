package org.pagewright.faulty.tablelife;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.gather.TableWorld;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * A split of the direct map takes its table straight from the page allocator: it is not counted,
 * and whoever frees it by its mark does not know it (arch/x86/mm/pat/set_memory.c until commit
 * 9e4a3ec3411b, 2026). The rules of Linux 7.0 are the bug.
 *
 * <p>Scenario: one page of the direct map becomes read-only.
 */
public final class SplitsWithPlainPages {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "cpa-split-table-without-ctor",
          27,
          PlantedBug.Status.CONFIRMED,
          "table-construction",
          "the table of a split is never constructed",
          Search.once(
              isPlanted ->
                  new TableWorld(
                      isPlanted ? TableRules.LINUX_7_0 : TableRules.ALL, config -> config),
              SplitsWithPlainPages::split));

  private SplitsWithPlainPages() {}

  private static void split(TableWorld world) {
    long pfn = world.kernel().allocator().allocate(world.kernel().cpu(0), Gfp.KERNEL, 0);
    int error =
        world
            .kernel()
            .directMap()
            .setMemory(
                world.kernel().cpu(0),
                AttributeChange.READ_ONLY,
                world.kernel().directMap().va(pfn),
                1);
    assert error == 0 : error;
  }
}
