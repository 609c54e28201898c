package org.pagewright.kernel.compact;

import java.util.Arrays;

/** Frames that wait for their turn. */
final class FrameStack {
  private static final int CAPACITY = 64;

  private long[] pfns = new long[CAPACITY];
  private int size;

  void push(long pfn) {
    if (size == pfns.length) {
      pfns = Arrays.copyOf(pfns, 2 * size);
    }
    pfns[size++] = pfn;
  }

  long pop() {
    return pfns[--size];
  }

  long at(int index) {
    return pfns[index];
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  void clear() {
    size = 0;
  }
}
