package org.pagewright.kernel.kpkeys;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Mutex;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.directmap.DirectMap;

/**
 * A cache of protected pages that is refilled by blocks, with a reserve for splits. Models {@code
 * struct pkeys_block_allocator} (v6 14/30 to 17/30, 2026-02).
 */
final class BlockAllocator implements ProtectedPages {
  private static final int MUTEX_IDENTITY = 0x6b70_0001;

  /** Pages that the shrinker leaves alone. */
  private static final int KEPT_BY_SHRINKER = 16;

  /** A block is broken only if that part of its pages is free. */
  private static final int BREAK_PART = 8;

  private final KpkeysConfig config;
  private final List<Integer> refillOrders;

  /** {@code BLOCK_ORDER}: what one large leaf maps. With larger pages no refill is that large. */
  private final int blockOrder;

  private final int blockPages;
  private final PageAllocator allocator;
  private final DirectMap map;
  private final PageStack cached = new PageStack();
  private final Set<Long> blocks = new HashSet<>(); // membership only: order does not matter

  /** {@code alloc_mutex}: its owner refills, and may take the pages of the first group. */
  private final Mutex refilling = new Mutex("alloc_mutex", MUTEX_IDENTITY);

  /** First frame of what was taken before keys could be set. */
  private long earlyPfn = NONE;

  private long keptMin = Long.MAX_VALUE;
  private long unserved;

  BlockAllocator(KpkeysConfig config, PageAllocator allocator, DirectMap map) {
    this.config = config;
    int pageShift = map.format().pageShift();
    this.refillOrders = config.refillOrders(pageShift);
    this.blockOrder = map.format().level(2).shift() - pageShift;
    this.blockPages = 1 << blockOrder;
    this.allocator = allocator;
    this.map = map;
  }

  @Override
  public void start(Cpu cpu) {
    int order = refillOrders.getFirst();
    long pfn = allocator.allocate(cpu, Gfp.KERNEL, order);
    if (pfn == PageAllocator.NONE) {
      throw new IllegalArgumentException("no block of order " + order + " for the first refill");
    }
    keep(pfn, order, /* from= */ 0);
    earlyPfn = pfn;
    keptMin = cached.size();
  }

  /** Splits that this needs take pages of the region itself, which are coloured with it. */
  @Override
  public void startLate(Cpu cpu) {
    int order = refillOrders.getFirst();
    refilling.acquire(cpu);
    int error = map.setKey(cpu, earlyPfn, 1L << order, KeyLevel.KEY_PGTABLES);
    refilling.release(cpu);
    if (error != 0) {
      throw new IllegalArgumentException("the first block cannot be protected: " + error);
    }
  }

  @Override
  public long take(Cpu cpu, int order) {
    if (order > 0) {
      return NONE; // v6 has single pages only
    }
    cpu.charge(Primitive.LOCK);
    if (cached.size() > config.reservedPages()) {
      return cached.pop();
    }
    return refill(cpu, /* takesOne= */ true);
  }

  @Override
  public boolean areZeroed() {
    return false;
  }

  @Override
  public long takeForSplit(Cpu cpu) {
    cpu.charge(Primitive.LOCK);
    if (cached.size() == 0) {
      // v6 warns and refills here, under the lock of the split and, if a refill caused the split,
      // under the mutex that its own refill would take.
      unserved++;
      return NONE;
    }
    long pfn = cached.pop();
    keptMin = Math.min(keptMin, cached.size());
    return pfn;
  }

  @Override
  public void give(Cpu cpu, long pfn, int order) {
    assert order == 0 : order;
    cpu.charge(Primitive.LOCK);
    cached.push(pfn);
  }

  @Override
  public int prepareSplit(Cpu cpu) {
    if (isReadyForSplit(cpu)) {
      return 0;
    }
    return refill(cpu, /* takesOne= */ false) == NONE ? -Errno.ENOMEM : 0;
  }

  @Override
  public boolean isReadyForSplit(Cpu cpu) {
    return cached.size() >= config.reservedPages() || refilling.isHeldBy(cpu);
  }

  private long refill(Cpu cpu, boolean takesOne) {
    for (int order : refillOrders) {
      long pfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.NOWARN, order);
      if (pfn != PageAllocator.NONE) {
        return colour(cpu, pfn, order, takesOne);
      }
    }
    return NONE;
  }

  private long colour(Cpu cpu, long pfn, int order, boolean takesOne) {
    refilling.acquire(cpu);
    int error = map.setKey(cpu, pfn, 1L << order, KeyLevel.KEY_PGTABLES);
    if (error == 0) {
      keep(pfn, order, takesOne ? 1 : 0);
    }
    refilling.release(cpu);
    if (error != 0) {
      allocator.free(cpu, pfn, order);
      return NONE;
    }
    return pfn;
  }

  private void keep(long pfn, int order, int from) {
    for (long i = from; i < 1L << order; i++) {
      cached.push(pfn + i);
    }
    if (order == blockOrder) {
      blocks.add(pfn);
    }
  }

  // ---- the shrinker ----

  /**
   * Gives back up to about {@code wanted} cached pages, whole blocks first; answers how many.
   * Models {@code pba_shrink_scan()}.
   */
  long shrink(Cpu cpu, long wanted) {
    long shrinkable = (long) cached.size() - KEPT_BY_SHRINKER;
    if (shrinkable <= 0) {
      return 0;
    }
    long best = NONE;
    int bestFree = 0;
    int inBlocks = 0;
    for (long block : blocks.stream().sorted().toList()) {
      int free = freeIn(block);
      inBlocks += free;
      if (free > bestFree) {
        best = block;
        bestFree = free;
      }
    }
    int others = cached.size() - inBlocks;
    if (bestFree == blockPages) {
      return shrinkable < blockPages ? 0 : freeBlock(cpu, best);
    }
    if (best != NONE
        && others < bestFree
        && others < wanted
        && bestFree >= blockPages / BREAK_PART) {
      blocks.remove(best);
      return freeSingly(cpu, best, best + blockPages, Math.min(wanted, shrinkable));
    }
    return freeSingly(cpu, NONE, NONE, Math.min(Math.min(wanted, others), shrinkable));
  }

  private int freeIn(long block) {
    int free = 0;
    for (long pfn = block; pfn < block + blockPages; pfn++) {
      free += cached.contains(pfn) ? 1 : 0;
    }
    return free;
  }

  private long freeBlock(Cpu cpu, long block) {
    blocks.remove(block);
    for (int i = 0; i < blockPages; i++) {
      long taken = cached.popWithin(block, block + blockPages);
      assert taken >= 0 : "a free block lacks pages";
    }
    int error = map.setKey(cpu, block, blockPages, KeyLevel.KEY_DEFAULT);
    assert error == 0 : "a whole block needs no split: " + error;
    allocator.free(cpu, block, blockOrder);
    return blockPages;
  }

  private long freeSingly(Cpu cpu, long from, long to, long pages) {
    long freed = 0;
    while (freed < pages) {
      long pfn = from == NONE ? popOutsideBlocks() : cached.popWithin(from, to);
      if (pfn < 0) {
        return freed;
      }
      if (map.setKey(cpu, pfn, 1, KeyLevel.KEY_DEFAULT) != 0) {
        cached.push(pfn);
        return freed;
      }
      allocator.free(cpu, pfn, 0);
      freed++;
    }
    return freed;
  }

  private long popOutsideBlocks() {
    PageStack aside = new PageStack();
    long found = NONE;
    while (found == NONE && cached.size() > 0) {
      long pfn = cached.pop();
      if (blocks.contains(pfn & -blockPages)) {
        aside.push(pfn);
      } else {
        found = pfn;
      }
    }
    while (aside.size() > 0) {
      cached.push(aside.pop());
    }
    return found;
  }

  @Override
  public long keptPages() {
    return cached.size();
  }

  @Override
  public boolean isKept(long pfn) {
    return cached.contains(pfn);
  }

  @Override
  public long keptPagesMin() {
    return Math.min(keptMin, cached.size());
  }

  @Override
  public long unserved() {
    return unserved;
  }
}
