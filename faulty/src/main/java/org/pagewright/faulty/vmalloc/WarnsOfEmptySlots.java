package org.pagewright.faulty.vmalloc;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.vmalloc.KernelRoots;
import org.pagewright.kernel.vmalloc.KernelVmap;

/**
 * When a large leaf takes the place of tables, each child entry is taken to point to a table,
 * although most are empty (arch/arm64/mm/mmu.c, {@code pud_free_pmd_page()}, until commit
 * 650768c512fa, 2025).
 *
 * <p>Scenario, on arm64: one page of a 1G range is mapped and unmapped, then the range is mapped by
 * one leaf.
 */
public final class WarnsOfEmptySlots extends KernelVmap {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "teardown-warns-on-empty-slot",
          63,
          PlantedBug.Status.CONFIRMED,
          "warnings",
          "a teardown takes empty entries for tables and warns",
          Search.once(
              isPlanted -> new VmapWorld(isPlanted ? WarnsOfEmptySlots::new : VmapWorld::sound),
              world -> world.mapLarge(world.cpu(0), /* level= */ 3)));

  private WarnsOfEmptySlots(KernelMachine kernel) {
    super(
        kernel.tables(),
        kernel.directMap(),
        kernel.tablePages(),
        kernel.shootdown(),
        KernelRoots.ONE,
        kernel.machine().events());
  }

  @Override
  protected boolean mayHaveTable(long entry, int level) {
    return true;
  }
}
