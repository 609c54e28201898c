package org.pagewright.kernel.alloc;

import java.util.Arrays;

/** Doubly linked lists of blocks, threaded through the {@link Memmap}; heads and tails by index. */
final class PageLists {
  private final Memmap memmap;
  private final long[] heads;
  private final long[] tails;
  private final int[] lengths;

  PageLists(Memmap memmap, int lists) {
    this.memmap = memmap;
    this.heads = new long[lists];
    this.tails = new long[lists];
    this.lengths = new int[lists];
    Arrays.fill(heads, Memmap.NONE);
    Arrays.fill(tails, Memmap.NONE);
  }

  int lists() {
    return heads.length;
  }

  boolean isEmpty(int list) {
    return lengths[list] == 0;
  }

  int length(int list) {
    return lengths[list];
  }

  long head(int list) {
    return heads[list];
  }

  long tail(int list) {
    return tails[list];
  }

  void addHead(int list, long pfn) {
    long old = heads[list];
    memmap.setNext(pfn, old);
    memmap.setPrevious(pfn, Memmap.NONE);
    heads[list] = pfn;
    if (old == Memmap.NONE) {
      tails[list] = pfn;
    } else {
      memmap.setPrevious(old, pfn);
    }
    lengths[list]++;
  }

  void addTail(int list, long pfn) {
    long old = tails[list];
    memmap.setPrevious(pfn, old);
    memmap.setNext(pfn, Memmap.NONE);
    tails[list] = pfn;
    if (old == Memmap.NONE) {
      heads[list] = pfn;
    } else {
      memmap.setNext(old, pfn);
    }
    lengths[list]++;
  }

  void remove(int list, long pfn) {
    assert lengths[list] > 0 : "list " + list + " is empty, wanted frame " + pfn;
    long after = memmap.next(pfn);
    long before = memmap.previous(pfn);
    if (before == Memmap.NONE) {
      heads[list] = after;
    } else {
      memmap.setNext(before, after);
    }
    if (after == Memmap.NONE) {
      tails[list] = before;
    } else {
      memmap.setPrevious(after, before);
    }
    lengths[list]--;
  }

  long[] toArray(int list) {
    long[] pfns = new long[lengths[list]];
    long at = heads[list];
    for (int i = 0; i < pfns.length; i++) {
      pfns[i] = at;
      at = memmap.next(at);
    }
    return pfns;
  }
}
