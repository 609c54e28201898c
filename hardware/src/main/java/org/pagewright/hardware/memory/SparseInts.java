package org.pagewright.hardware.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A large zero-filled array of {@code int} outside the heap that takes memory where it is written.
 */
public final class SparseInts extends SparseArray {
  private static final MemorySegment EVERYTHING = HostMapping.EVERYTHING;
  private static final int SHIFT = 2;

  public SparseInts(long length) {
    super(length, SHIFT);
  }

  /** Reads an element; throws {@link IndexOutOfBoundsException} like an array. */
  public int get(long index) {
    return EVERYTHING.get(ValueLayout.JAVA_INT_UNALIGNED, address(index, SHIFT));
  }

  /** Writes an element; throws {@link IndexOutOfBoundsException} like an array. */
  public void set(long index, int value) {
    EVERYTHING.set(ValueLayout.JAVA_INT_UNALIGNED, address(index, SHIFT), value);
  }

  /** Sets the elements of the range {@code [from, to)}. */
  public void fill(long from, long to, int value) {
    Objects.checkFromToIndex(from, to, length());
    for (long i = from; i < to; i++) {
      set(i, value);
    }
  }
}
