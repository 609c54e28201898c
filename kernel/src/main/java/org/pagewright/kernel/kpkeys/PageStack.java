package org.pagewright.kernel.kpkeys;

import java.util.Arrays;

/** Frames that are kept, last in first out. */
final class PageStack {
  private long[] pfns = new long[16];
  private int size;

  void push(long pfn) {
    if (size == pfns.length) {
      pfns = Arrays.copyOf(pfns, 2 * size);
    }
    pfns[size++] = pfn;
  }

  long pop() {
    assert size > 0 : "nothing is kept";
    return pfns[--size];
  }

  int size() {
    return size;
  }

  boolean contains(long pfn) {
    for (int i = 0; i < size; i++) {
      if (pfns[i] == pfn) {
        return true;
      }
    }
    return false;
  }

  /** Takes out one of {@code [from, to)}, the latest first, or answers -1. */
  long popWithin(long from, long to) {
    for (int i = size - 1; i >= 0; i--) {
      long pfn = pfns[i];
      if (pfn >= from && pfn < to) {
        System.arraycopy(pfns, i + 1, pfns, i, size - i - 1);
        size--;
        return pfn;
      }
    }
    return -1;
  }
}
