package org.pagewright.kernel.buddy;

import java.util.Arrays;

/**
 * Doubly linked lists of blocks, threaded through the {@link Memmap}; heads and tails by index.
 *
 * <p>What stands before the first block of a list, and behind the last, means nothing.
 */
public final class PageLists {
  private final Memmap memmap;
  private final long[] heads;
  private final long[] tails;
  private final int[] lengths;

  public PageLists(Memmap memmap, int lists) {
    this.memmap = memmap;
    this.heads = new long[lists];
    this.tails = new long[lists];
    this.lengths = new int[lists];
    Arrays.fill(heads, Memmap.NONE);
    Arrays.fill(tails, Memmap.NONE);
  }

  public int lists() {
    return heads.length;
  }

  public boolean isEmpty(int list) {
    return lengths[list] == 0;
  }

  public int length(int list) {
    return lengths[list];
  }

  public long head(int list) {
    return heads[list];
  }

  public long tail(int list) {
    return tails[list];
  }

  public void addHead(int list, long pfn) {
    long old = heads[list];
    memmap.setNext(pfn, old);
    heads[list] = pfn;
    if (lengths[list]++ == 0) {
      tails[list] = pfn;
    } else {
      memmap.setPrevious(old, pfn);
    }
  }

  public void addTail(int list, long pfn) {
    long old = tails[list];
    memmap.setPrevious(pfn, old);
    tails[list] = pfn;
    if (lengths[list]++ == 0) {
      heads[list] = pfn;
    } else {
      memmap.setNext(old, pfn);
    }
  }

  /** Takes the first block of a list that is not empty. */
  public long removeHead(int list) {
    long pfn = heads[list];
    if (--lengths[list] == 0) {
      clear(list);
    } else {
      heads[list] = memmap.next(pfn);
    }
    return pfn;
  }

  /** Takes the last block of a list that is not empty. */
  public long removeTail(int list) {
    long pfn = tails[list];
    if (--lengths[list] == 0) {
      clear(list);
    } else {
      tails[list] = memmap.previous(pfn);
    }
    return pfn;
  }

  private void clear(int list) {
    heads[list] = Memmap.NONE;
    tails[list] = Memmap.NONE;
  }

  public void remove(int list, long pfn) {
    assert lengths[list] > 0 : "list " + list + " is empty, wanted frame " + pfn;
    if (pfn == heads[list]) {
      removeHead(list);
    } else if (pfn == tails[list]) {
      removeTail(list);
    } else {
      long after = memmap.next(pfn);
      long before = memmap.previous(pfn);
      memmap.setNext(before, after);
      memmap.setPrevious(after, before);
      lengths[list]--;
    }
  }

  /** How many blocks lie before one of the list. */
  public int depth(int list, long pfn) {
    int depth = 0;
    for (long at = pfn; at != heads[list]; at = memmap.previous(at)) {
      depth++;
    }
    return depth;
  }

  public long[] toArray(int list) {
    long[] pfns = new long[lengths[list]];
    long at = heads[list];
    for (int i = 0; i < pfns.length; i++) {
      pfns[i] = at;
      at = memmap.next(at);
    }
    return pfns;
  }
}
