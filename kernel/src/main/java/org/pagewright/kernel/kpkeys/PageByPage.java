package org.pagewright.kernel.kpkeys;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.directmap.DirectMap;

/**
 * Each page is protected when it becomes a table. Models {@code noblock_pgtable_alloc()} (v5, v6)
 * and v7; the linear map is mapped by pages, so nothing is ever split.
 */
final class PageByPage implements ProtectedPages {
  private final PageAllocator allocator;
  private final DirectMap map;
  private long unserved;

  PageByPage(PageAllocator allocator, DirectMap map) {
    if (map.leaves(2) != 0 || map.leaves(3) != 0) {
      throw new IllegalArgumentException(
          "tables can be protected one by one only if the linear map is mapped by pages");
    }
    this.allocator = allocator;
    this.map = map;
  }

  @Override
  public long take(Cpu cpu) {
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

  @Override
  public long takeForSplit(Cpu cpu) {
    unserved++;
    return NONE;
  }

  @Override
  public void give(Cpu cpu, long pfn) {
    int error = map.setKey(cpu, pfn, 1, KeyLevel.KEY_DEFAULT);
    assert error == 0 : error;
    allocator.free(cpu, pfn, 0);
  }

  @Override
  public int prepareSplit(Cpu cpu) {
    return 0;
  }

  @Override
  public boolean isReadyForSplit() {
    return true;
  }

  @Override
  public long keptPages() {
    return 0;
  }

  @Override
  public boolean isKept(long pfn) {
    return false;
  }

  @Override
  public long keptPagesMin() {
    return 0;
  }

  @Override
  public long unserved() {
    return unserved;
  }
}
