package org.pagewright.faulty.kpkeys;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.KeyLevel;
import org.pagewright.kernel.kpkeys.KpkeysConfig;
import org.pagewright.kernel.kpkeys.PageByPage;
import org.pagewright.kernel.kpkeys.ProtectedPages;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * A page is protected when it becomes a table, although the linear map has large leaves: setting
 * its key splits one, which needs a table, whose key must be set (v5 and before; the motive of v6
 * 14/30 and 15/30).
 *
 * <p>Scenario: one table is allocated from a leaf of 1G while no protected page is in stock.
 */
public final class SplitsWithoutReserve {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "kpkeys-split-recursion",
          31,
          PlantedBug.Status.CONFIRMED,
          "splits-served",
          "protecting a table splits a leaf, which needs a protected table",
          Search.once(SplitsWithoutReserve::run));

  private SplitsWithoutReserve() {}

  private static List<Violation> run(boolean isPlanted) {
    Stockless[] made = new Stockless[1];
    HardenedTables.PagesMaker maker =
        (config, allocator, map) -> {
          made[0] = new Stockless(HardenedTables.supply(config, allocator, map), allocator, map);
          return made[0];
        };
    try (HardenedWorld world = new HardenedWorld("0-3G", KpkeysConfig.V6, maker)) {
      made[0].hasStock = !isPlanted;
      Cpu cpu = world.cpu();
      TableSource tables = world.hardened().tables();
      long tablePa = world.hardened().kernel().tables().allocateTable(cpu, 1, tables);
      assert isPlanted || tablePa != TableSource.NONE : "a table from a full cache";
      return world.found();
    }
  }

  /** v6's supply until its stock is taken away; then pages are protected one by one. */
  private static final class Stockless extends PageByPage {
    private final ProtectedPages stock;
    private final PageAllocator allocator;
    private final DirectMap map;
    private boolean hasStock = true;

    Stockless(ProtectedPages stock, PageAllocator allocator, DirectMap map) {
      super(allocator, map);
      this.stock = stock;
      this.allocator = allocator;
      this.map = map;
    }

    @Override
    public void start(Cpu cpu) {
      stock.start(cpu);
    }

    @Override
    public void startLate(Cpu cpu) {
      stock.startLate(cpu);
    }

    @Override
    public int prepareSplit(Cpu cpu) {
      return hasStock ? stock.prepareSplit(cpu) : 0;
    }

    @Override
    public long take(Cpu cpu, int order) {
      return hasStock ? stock.take(cpu, order) : takeUnprotected(cpu);
    }

    @Override
    public boolean areZeroed() {
      return false;
    }

    @Override
    public long takeForSplit(Cpu cpu) {
      return hasStock ? stock.takeForSplit(cpu) : takeUnprotected(cpu);
    }

    private long takeUnprotected(Cpu cpu) {
      long pfn = allocator.allocate(cpu, Gfp.KERNEL, 0);
      if (pfn == PageAllocator.NONE) {
        return NONE;
      }
      if (map.setKey(cpu, pfn, 1, KeyLevel.KEY_PGTABLES) != 0) {
        allocator.free(cpu, pfn, 0);
        return NONE;
      }
      return pfn;
    }
  }
}
