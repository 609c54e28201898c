package org.pagewright.kernel.buddy;

/**
 * Takes blocks out of a zone's free lists and merges blocks back into them, under the zone's lock.
 * Models {@code __free_one_page()}, {@code __rmqueue_smallest()} and what they call.
 */
public final class Buddy {
  private final Memmap memmap;
  private EventSink sink = EventSink.NOWHERE;
  private MergeRule mergeRule = MergeRule.LINUX;

  public Buddy(Memmap memmap) {
    this.memmap = memmap;
  }

  /** The state of the frames. */
  public Memmap memmap() {
    return memmap;
  }

  public void setSink(EventSink sink) {
    this.sink = sink;
  }

  public EventSink sink() {
    return sink;
  }

  /** Lets another rule say which pageblocks merge. */
  public void setMergeRule(MergeRule mergeRule) {
    this.mergeRule = mergeRule;
  }

  // ---- giving back

  /** Frees a block as one of {@code freetype}, merging it with its free neighbours. */
  public void free(Zone zone, int cpu, long pfn, int order, int freetype, boolean toTail) {
    zone.account(cpu, 1L << order, freetype);
    long start = pfn;
    int size = order;
    Capture capture = zone.capture();
    while (size < Zone.MAX_ORDER) {
      if (capture != null && capture.takes(cpu, start, size, freetype, memmap.blockOrder())) {
        zone.account(cpu, -(1L << size), freetype);
        memmap.setTail(pfn);
        return;
      }
      if (!merges(zone, start, size, freetype)) {
        break;
      }
      long buddy = start ^ (1L << size);
      zone.remove(buddy, size);
      if (size >= memmap.blockOrder()) {
        retypeBuddy(buddy, size, freetype);
      }
      memmap.setTail(start);
      start &= buddy;
      size++;
    }
    memmap.setTail(pfn);
    zone.add(start, size, freetype, toTail || isMergeLikely(zone, start, size));
  }

  private boolean merges(Zone zone, long pfn, int order, int freetype) {
    long buddy = pfn ^ (1L << order);
    if (!isFree(zone, buddy, order)) {
      return false;
    }
    return order < memmap.blockOrder() || mergeRule.canMerge(freetype, memmap.blockFreetype(buddy));
  }

  /** From 6.10 on a merge across pageblocks gives the buddy's blocks the type of the freed one. */
  private void retypeBuddy(long buddy, int order, int freetype) {
    if (listsFollowBlocks && memmap.blockFreetype(buddy) != freetype) {
      memmap.setBlockTypes(buddy, order, Freetype.migratetype(freetype));
    }
  }

  private boolean listsFollowBlocks;

  public void setListsFollowBlocks(boolean listsFollowBlocks) {
    this.listsFollowBlocks = listsFollowBlocks;
  }

  private boolean isFree(Zone zone, long pfn, int order) {
    return zone.spans(pfn) && memmap.isFreeOfOrder(pfn, order);
  }

  /** Whether the pair's own buddy is free, so that this block will probably merge soon. */
  private boolean isMergeLikely(Zone zone, long pfn, int order) {
    if (order >= Zone.MAX_ORDER - 1) {
      return false;
    }
    long pair = pfn & ~(1L << order);
    return isFree(zone, pair ^ (1L << (order + 1)), order + 1);
  }

  // ---- taking

  /** Takes the smallest sufficient block of a list's freetype; {@link Memmap#NONE} if none. */
  public long takeSmallest(Zone zone, int cpu, int order, int freetype) {
    int index = Freetype.index(freetype);
    if (index == Freetype.NO_LIST) {
      return Memmap.NONE;
    }
    for (int size = order; size <= Zone.MAX_ORDER; size++) {
      long pfn = zone.head(size, index);
      if (pfn != Memmap.NONE) {
        takeAndExpand(zone, pfn, order, size, freetype);
        if (!listsFollowBlocks) {
          memmap.noteType(pfn, Freetype.migratetype(freetype));
        }
        sink.locked(cpu, pfn, order, Freetype.migratetype(freetype));
        return pfn;
      }
    }
    return Memmap.NONE;
  }

  /**
   * The freetype that counters must be lowered by for a block that was just taken: that of its
   * list, which before 6.10 may differ from its pageblock's.
   */
  public int takenFreetype(long pfn) {
    int freetype = memmap.blockFreetype(pfn);
    return listsFollowBlocks ? freetype : Freetype.withMigratetype(freetype, memmap.notedType(pfn));
  }

  /** Takes a free block and puts what exceeds {@code order} back. */
  public void takeAndExpand(Zone zone, long pfn, int order, int size, int freetype) {
    zone.remove(pfn, size);
    expand(zone, pfn, order, size, freetype);
  }

  /** Puts the upper halves of a taken block on their lists. Models {@code expand()}. */
  public void expand(Zone zone, long pfn, int order, int size, int freetype) {
    for (int half = size - 1; half >= order; half--) {
      zone.add(pfn + (1L << half), half, freetype, /* toTail= */ false);
    }
  }

  /** Moves a free block to the tail of another type's list. */
  public void moveToTail(Zone zone, long pfn, int order, int freetype) {
    zone.remove(pfn, order);
    zone.add(pfn, order, freetype, /* toTail= */ true);
  }

  // ---- pageblocks

  /**
   * Moves every free block of a pageblock to the tails of another type's lists, flags unchanged;
   * returns how many pages moved. Models {@code move_freepages_block()}.
   */
  public long moveBlock(Zone zone, long blockStart, int type) {
    long end = Math.min(blockStart + memmap.blockPages(), zone.endPfn());
    long moved = 0;
    long pfn = Math.max(blockStart, zone.startPfn());
    while (pfn < end) {
      if (memmap.state(pfn) != Memmap.FREE) {
        pfn++;
        continue;
      }
      int order = memmap.order(pfn);
      int old = Freetype.atIndex(memmap.list(pfn));
      moveToTail(zone, pfn, order, Freetype.withMigratetype(old, type));
      moved += 1L << order;
      pfn += 1L << order;
    }
    return moved;
  }

  /**
   * Moves every free block of a pageblock to the tails of another freetype's lists and counts it
   * there; a larger block that covers the pageblock is broken up first. Models {@code
   * move_freepages_block_isolate()}.
   */
  public void moveAndCount(Zone zone, int cpu, long blockStart, int freetype) {
    breakUpAround(zone, blockStart);
    long end = Math.min(blockStart + memmap.blockPages(), zone.endPfn());
    long pfn = Math.max(blockStart, zone.startPfn());
    while (pfn < end) {
      if (memmap.state(pfn) != Memmap.FREE) {
        pfn++;
        continue;
      }
      int order = memmap.order(pfn);
      long pages = 1L << order;
      zone.account(cpu, -pages, zone.remove(pfn, order));
      zone.add(pfn, order, freetype, /* toTail= */ true);
      zone.account(cpu, pages, freetype);
      pfn += pages;
    }
  }

  private void breakUpAround(Zone zone, long blockStart) {
    for (int size = memmap.blockOrder() + 1; size <= Zone.MAX_ORDER; size++) {
      long head = blockStart & -(1L << size);
      if (!isFree(zone, head, size)) {
        continue;
      }
      int freetype = zone.remove(head, size);
      for (long at = head; at < head + (1L << size); at += memmap.blockPages()) {
        zone.add(at, memmap.blockOrder(), freetype, /* toTail= */ true);
      }
    }
  }

  /** Free pages of a pageblock in the low half of the word, movable used ones in the high half. */
  public long countBlock(Zone zone, long blockStart) {
    long end = Math.min(blockStart + memmap.blockPages(), zone.endPfn());
    long free = 0;
    long movable = 0;
    long movableEnd = 0;
    long pfn = Math.max(blockStart, zone.startPfn());
    while (pfn < end) {
      int state = memmap.state(pfn);
      if (state == Memmap.FREE) {
        free += 1L << memmap.order(pfn);
        pfn += 1L << memmap.order(pfn);
        continue;
      }
      if (state == Memmap.USED) {
        movableEnd = memmap.isMovable(pfn) ? pfn + (1L << memmap.order(pfn)) : pfn;
      }
      if (state != Memmap.PCP && pfn < movableEnd) {
        movable++;
      }
      pfn++;
    }
    return (movable << 32) | free;
  }

  /** Whether a whole pageblock lies in the zone. */
  public boolean hasWholeBlock(Zone zone, long blockStart) {
    return zone.spans(blockStart) && zone.spans(blockStart + memmap.blockPages() - 1);
  }
}
