package org.pagewright.faulty.tablelife;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.gather.TableWorld;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * The kernel's lowest tables come without constructor, so that hooks and counters miss them
 * (asm-generic/pgalloc.h until "mm: Call ctor/dtor for kernel PTEs", 2025-05). The rules of Linux
 * 6.12 are the bug.
 *
 * <p>Scenario: any mapping of the kernel's.
 */
public final class SkipsKernelConstructor {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "kernel-pte-table-without-ctor",
          59,
          PlantedBug.Status.CONFIRMED,
          "table-construction",
          "the kernel's lowest tables are never constructed",
          Search.once(
              isPlanted -> new TableWorld(rules(isPlanted), config -> config),
              world -> KernelRange.map(world, world.kernel().tablePages())));

  private SkipsKernelConstructor() {}

  private static TableRules rules(boolean isPlanted) {
    return isPlanted ? TableRules.LINUX_6_12 : TableRules.ALL;
  }
}
