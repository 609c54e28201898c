package org.pagewright.kernel.kpkeys;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.directmap.DirectMap;

/**
 * Each page is protected when it is allocated for a table. Models {@code noblock_pgtable_alloc()}
 * (v6) and {@code kpkeys_pgtable_alloc()} (v7); the linear map is mapped by pages, so nothing is
 * ever split.
 *
 * <p>A table that goes after a grace period goes in a softirq. Where changing a key may sleep, as
 * on x86, its page waits for somebody who may; the series says nothing of it, for it has arm64
 * only.
 */
public class PageByPage implements ProtectedPages {
  private final PageAllocator allocator;
  private final DirectMap map;
  private final PageStack waiting = new PageStack();
  private long unserved;

  /** A supplier on a machine whose linear map it does not look at. */
  protected PageByPage(PageAllocator allocator, DirectMap map) {
    this.allocator = allocator;
    this.map = map;
  }

  /** A supplier on a machine whose linear map is mapped by pages. */
  static PageByPage of(PageAllocator allocator, DirectMap map) {
    requirePages(map);
    return new PageByPage(allocator, map);
  }

  static void requirePages(DirectMap map) {
    if (!isMappedByPages(map)) {
      throw new IllegalArgumentException(
          "tables can be protected one by one only if the linear map is mapped by pages");
    }
  }

  /** Models {@code arch_has_pte_only_direct_map()}. */
  static boolean isMappedByPages(DirectMap map) {
    return map.leaves(2) == 0 && map.leaves(3) == 0;
  }

  @Override
  public long take(Cpu cpu, int order) {
    settle(cpu);
    long pfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.ZERO, order);
    if (pfn == PageAllocator.NONE) {
      return NONE;
    }
    if (protect(cpu, pfn, order) != 0) {
      allocator.free(cpu, pfn, order);
      return NONE;
    }
    return pfn;
  }

  @Override
  public boolean areZeroed() {
    return true;
  }

  /**
   * Only the image's large leaves are split, on x86; protecting a page splits nothing, for the
   * linear map is mapped by pages.
   */
  @Override
  public long takeForSplit(Cpu cpu) {
    long pfn = take(cpu, 0);
    unserved += pfn == NONE ? 1 : 0;
    return pfn;
  }

  @Override
  public void give(Cpu cpu, long pfn, int order) {
    boolean mustWait = cpu.isAtomic() && !map.changesKeysInAtomic();
    if (mustWait && order == 0) {
      waiting.push(pfn);
      return;
    }
    unprotect(cpu, pfn, order);
    allocator.free(cpu, pfn, order);
  }

  /** Frees what could not be freed where sleeping is forbidden. */
  @Override
  public void settle(Cpu cpu) {
    while (waiting.size() > 0 && !cpu.isAtomic()) {
      long pfn = waiting.pop();
      unprotect(cpu, pfn, 0);
      allocator.free(cpu, pfn, 0);
    }
  }

  /** Gives a page the tables' key. Models {@code set_pkey_pgtable()}. */
  protected int protect(Cpu cpu, long pfn, int order) {
    return map.setKey(cpu, pfn, 1L << order, KeyLevel.KEY_PGTABLES);
  }

  /** Takes the tables' key away. Models {@code set_pkey_default()}. */
  protected void unprotect(Cpu cpu, long pfn, int order) {
    int error = map.setKey(cpu, pfn, 1L << order, KeyLevel.KEY_DEFAULT);
    assert error == 0 : error;
  }

  @Override
  public int prepareSplit(Cpu cpu) {
    return 0;
  }

  @Override
  public boolean isReadyForSplit(Cpu cpu) {
    return true;
  }

  @Override
  public long keptPages() {
    return waiting.size();
  }

  @Override
  public boolean isKept(long pfn) {
    return waiting.contains(pfn);
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
