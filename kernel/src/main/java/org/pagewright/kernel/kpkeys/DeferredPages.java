package org.pagewright.kernel.kpkeys;

import java.util.ArrayDeque;
import java.util.Deque;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.directmap.DirectMap;

/**
 * Tables that a split needs stay unprotected for a moment and are protected later, which may split
 * again. Models no code: the "dodge" of Brendan Jackman, and the doubt of Kevin Brodsky, under "mm:
 * Add __GFP_UNMAPPED" (March 2026).
 *
 * <p>There is no stock of any kind. A page becomes a table, its key is set, and what that splits
 * takes plain pages, whose keys are set next, one after the other and never inside a split.
 */
public final class DeferredPages implements ProtectedPages {
  /** A table that waits for its key, and how many protections led to it. */
  private record Waiting(long pfn, int link) {}

  private final PageAllocator allocator;
  private final DirectMap map;
  private final Deque<Waiting> waiting = new ArrayDeque<>();

  /** Links before the protection in progress; 0 for one that somebody asked for. */
  private int link;

  private int linksMax;
  private long unprotectedMax;
  private long deferred;
  private long abandoned;
  private long unserved;

  /** A supplier without any page of its own. */
  public DeferredPages(PageAllocator allocator, DirectMap map) {
    this.allocator = allocator;
    this.map = map;
  }

  @Override
  public long take(Cpu cpu, int order) {
    settle(cpu);
    long pfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.ZERO | Gfp.NOWARN, order);
    if (pfn == PageAllocator.NONE) {
      return NONE;
    }
    if (map.setKey(cpu, pfn, 1L << order, KeyLevel.KEY_PGTABLES) != 0) {
      allocator.free(cpu, pfn, order);
      return NONE;
    }
    settle(cpu);
    return pfn;
  }

  /** Protects what waits, and what comes to wait by that; may sleep. */
  @Override
  public void settle(Cpu cpu) {
    while (!waiting.isEmpty()) {
      Waiting next = waiting.element();
      link = next.link;
      int error = map.setKey(cpu, next.pfn, 1, KeyLevel.KEY_PGTABLES);
      link = 0;
      waiting.remove();
      if (error != 0) {
        abandoned++;
      }
    }
  }

  @Override
  public boolean areZeroed() {
    return true;
  }

  @Override
  public long takeForSplit(Cpu cpu) {
    long pfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.NOWARN, 0);
    if (pfn == PageAllocator.NONE) {
      unserved++;
      return NONE;
    }
    deferred++;
    waiting.add(new Waiting(pfn, link + 1));
    linksMax = Math.max(linksMax, link + 1);
    unprotectedMax = Math.max(unprotectedMax, waiting.size());
    return pfn;
  }

  @Override
  public void give(Cpu cpu, long pfn, int order) {
    int error = map.setKey(cpu, pfn, 1L << order, KeyLevel.KEY_DEFAULT);
    assert error == 0 : error;
    allocator.free(cpu, pfn, order);
  }

  @Override
  public int prepareSplit(Cpu cpu) {
    return 0;
  }

  @Override
  public boolean isReadyForSplit(Cpu cpu) {
    return true;
  }

  /** Forgets what was counted so far, as after boot. */
  public void resetCounts() {
    linksMax = 0;
    unprotectedMax = waiting.size();
    deferred = 0;
    abandoned = 0;
    unserved = 0;
  }

  /** The longest chain of protections that followed from one. */
  public int linksMax() {
    return linksMax;
  }

  /** The most tables that were in use without their key at once. */
  public long unprotectedMax() {
    return unprotectedMax;
  }

  /** Tables that were in use before they had their key. */
  public long deferred() {
    return deferred;
  }

  /** Tables that are in use and never got their key, because a split found no memory. */
  public long abandoned() {
    return abandoned;
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
