package org.pagewright.kernel.kpkeys;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.directmap.DirectMap;

/**
 * Protected tables as a freetype of the page allocator, with a small reserve for splits.
 *
 * <p>A pageblock is as large as a 2M leaf, so converting one never needs a PTE table; it needs one
 * PMD table at most, when the block lies in a 1G leaf. A page for that is set aside before any
 * conversion, and a conversion yields a whole block: splits nest one deep and the reserve cannot
 * run dry while one is in progress. When no free block is left, the request fails before anything
 * was changed.
 */
final class FreetypePool implements ProtectedPages {
  private final KpkeysConfig config;
  private final PageAllocator allocator;
  private final PageStack reserve = new PageStack();
  private final DirectMap map;
  private final KeyConversion conversion;
  private long keptMin = Long.MAX_VALUE;
  private long unserved;

  FreetypePool(KpkeysConfig config, PageAllocator allocator, DirectMap map) {
    this.config = config;
    this.allocator = allocator;
    this.map = map;
    this.conversion = new KeyConversion(map);
    allocator.setConversion(conversion);
  }

  /**
   * The first conversion may need a table before any page is protected: it takes an ordinary page,
   * which is protected as soon as there is a reserve.
   */
  @Override
  public void startLate(Cpu cpu) {
    long first = allocator.allocate(cpu, Gfp.KERNEL, 0);
    if (first == PageAllocator.NONE) {
      throw new IllegalArgumentException("no page for the first conversion");
    }
    reserve.push(first);
    long pfn = allocate(cpu, 0);
    boolean wasUsed = reserve.size() == 0;
    if (!wasUsed) {
      allocator.free(cpu, reserve.pop(), 0);
    }
    if (pfn == NONE) {
      throw new IllegalArgumentException("no pageblock for the first tables");
    }
    reserve.push(pfn);
    int error = fill(cpu);
    if (error == 0 && wasUsed) {
      error = map.setKey(cpu, first, 1, KeyLevel.KEY_PGTABLES);
    }
    if (error == 0) {
      error = fill(cpu);
    }
    if (error != 0) {
      throw new IllegalArgumentException("no pages for the reserve: " + error);
    }
    keptMin = reserve.size();
  }

  @Override
  public long take(Cpu cpu, int order) {
    return fill(cpu) == 0 ? allocate(cpu, order) : NONE;
  }

  @Override
  public boolean areZeroed() {
    return false;
  }

  private long allocate(Cpu cpu, int order) {
    long pfn = allocator.allocate(cpu, Gfp.KERNEL, order, AllocFlags.UNMAPPED);
    return pfn == PageAllocator.NONE ? NONE : pfn;
  }

  private int fill(Cpu cpu) {
    while (reserve.size() < config.reservedPages()) {
      long pfn = allocate(cpu, 0);
      if (pfn == NONE) {
        return -Errno.ENOMEM;
      }
      reserve.push(pfn);
    }
    return 0;
  }

  @Override
  public long takeForSplit(Cpu cpu) {
    cpu.charge(Primitive.LOCK);
    if (reserve.size() == 0) {
      unserved++;
      return NONE;
    }
    long pfn = reserve.pop();
    keptMin = Math.min(keptMin, reserve.size());
    return pfn;
  }

  @Override
  public void give(Cpu cpu, long pfn, int order) {
    if (!allocator.isUnmapped(pfn)) {
      // A table from before there was a pool: its block is an ordinary one.
      int error = map.setKey(cpu, pfn, 1L << order, KeyLevel.KEY_DEFAULT);
      assert error == 0 : error;
    }
    allocator.free(cpu, pfn, order);
  }

  @Override
  public int prepareSplit(Cpu cpu) {
    return isReadyForSplit(cpu) ? 0 : fill(cpu);
  }

  @Override
  public boolean isReadyForSplit(Cpu cpu) {
    return reserve.size() >= config.reservedPages() || conversion.isConverting(cpu);
  }

  @Override
  public long keptPages() {
    return reserve.size();
  }

  @Override
  public boolean isKept(long pfn) {
    return reserve.contains(pfn) || allocator.isUnmapped(pfn);
  }

  @Override
  public long keptPagesMin() {
    return Math.min(keptMin, reserve.size());
  }

  @Override
  public long unserved() {
    return unserved;
  }
}
