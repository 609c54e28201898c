package org.pagewright.kernel.compact;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Takes a given range of frames, whoever uses it. Models {@code alloc_contig_range()} and {@code
 * free_contig_range()} (mm/page_alloc.c): the range's pageblocks are isolated, what is in use moves
 * elsewhere, and what is free then is the caller's.
 */
public final class ContiguousRange {
  private final Buddy buddy;
  private final Memmap memmap;
  private final Compaction compaction;
  private final BlockIsolation isolation;

  public ContiguousRange(Buddy buddy, Compaction compaction, BlockIsolation isolation) {
    this.buddy = buddy;
    this.memmap = buddy.memmap();
    this.compaction = compaction;
    this.isolation = isolation;
  }

  /**
   * Makes {@code [fromPfn, toPfn)} of one zone the caller's, as single pages; false if something in
   * it cannot be moved, and nothing has changed hands then.
   */
  public boolean take(@Nullable Cpu cpu, int cpuId, Zone zone, long fromPfn, long toPfn) {
    if (fromPfn < zone.startPfn() || toPfn > zone.endPfn() || fromPfn >= toPfn) {
      throw new IllegalArgumentException(
          "frames %d to %d; expected a range of one zone".formatted(fromPfn, toPfn));
    }
    long first = memmap.blockStart(fromPfn);
    long at = first;
    boolean isTaken = true;
    int[] types = new int[Math.toIntExact(((toPfn - first) >>> memmap.blockOrder()) + 1)];
    while (at < toPfn && isTaken) {
      types[(int) ((at - first) >>> memmap.blockOrder())] = memmap.blockType(at);
      isTaken = !hasUnmovable(zone, at, fromPfn, toPfn) && isolation.isolate(zone, cpuId, at);
      at += isTaken ? memmap.blockPages() : 0;
    }
    long isolatedEnd = at;
    if (isTaken) {
      compaction.services().drainAll();
      isTaken = moveAway(cpu, cpuId, fromPfn, toPfn);
      compaction.services().drainAll();
      isTaken = isTaken && isFree(fromPfn, toPfn);
    }
    if (isTaken) {
      claim(zone, cpuId, fromPfn, toPfn);
    }
    for (at = first; at < isolatedEnd; at += memmap.blockPages()) {
      isolation.undo(zone, cpuId, at, types[(int) ((at - first) >>> memmap.blockOrder())]);
    }
    return isTaken;
  }

  /** Gives a range back that {@link #take} took. */
  public void giveBack(@Nullable Cpu cpu, int cpuId, long fromPfn, long toPfn) {
    for (long pfn = fromPfn; pfn < toPfn; pfn++) {
      compaction.services().free(cpu, cpuId, pfn, 0);
    }
  }

  /** Models {@code has_unmovable_pages()} for the part of a pageblock that is wanted. */
  private boolean hasUnmovable(Zone zone, long blockStart, long fromPfn, long toPfn) {
    long pfn = Math.max(blockStart, zone.startPfn());
    long end = Math.min(blockStart + memmap.blockPages(), Math.min(toPfn, zone.endPfn()));
    while (pfn < end) {
      int state = memmap.state(pfn);
      long next = pfn + (state == Memmap.TAIL ? 1 : 1L << memmap.order(pfn));
      if (state == Memmap.USED && !memmap.isMovable(pfn) && next > fromPfn) {
        return true;
      }
      pfn = next;
    }
    return false;
  }

  /** Models {@code __alloc_contig_migrate_range()}; targets are ordinary movable requests. */
  private boolean moveAway(@Nullable Cpu cpu, int cpuId, long fromPfn, long toPfn) {
    long pfn = memmap.blockStart(fromPfn);
    while (pfn < toPfn) {
      int state = memmap.state(pfn);
      int order = state == Memmap.TAIL ? 0 : memmap.order(pfn);
      boolean isInside = pfn + (1L << order) > fromPfn;
      if (state == Memmap.USED && isInside && !compaction.moveAnywhere(cpu, cpuId, pfn, order)) {
        return false;
      }
      pfn += 1L << order;
    }
    return true;
  }

  /** Models {@code test_pages_isolated()}. */
  private boolean isFree(long fromPfn, long toPfn) {
    long pfn = fromPfn;
    while (pfn < toPfn) {
      long head = headOf(pfn);
      if (head == Memmap.NONE) {
        return false;
      }
      pfn = head + (1L << memmap.order(head));
    }
    return true;
  }

  /** The free block that a frame is part of, or {@link Memmap#NONE}. */
  private long headOf(long pfn) {
    for (int order = 0; order <= Zone.MAX_ORDER; order++) {
      long head = pfn & -(1L << order);
      if (memmap.isFreeOfOrder(head, order)) {
        return head;
      }
    }
    return Memmap.NONE;
  }

  /** Takes the free blocks of the range, and gives back what of them lies outside. */
  private void claim(Zone zone, int cpu, long fromPfn, long toPfn) {
    zone.lock().hold(cpu);
    long pfn = fromPfn;
    while (pfn < toPfn) {
      long head = headOf(pfn);
      long end = head + (1L << memmap.order(head));
      zone.remove(head, memmap.order(head));
      freeEach(zone, cpu, head, fromPfn);
      for (long at = Math.max(head, fromPfn); at < Math.min(end, toPfn); at++) {
        memmap.setUsed(at, 0, /* isMovable= */ false, Migratetype.MOVABLE);
      }
      freeEach(zone, cpu, toPfn, end);
      pfn = end;
    }
    zone.lock().drop();
  }

  private void freeEach(Zone zone, int cpu, long fromPfn, long toPfn) {
    for (long at = fromPfn; at < toPfn; at++) {
      buddy.free(zone, cpu, at, 0, memmap.blockFreetype(at), /* toTail= */ false);
    }
  }
}
