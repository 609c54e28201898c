package org.pagewright.hardware.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A large zero-filled array of {@code byte} outside the heap that takes memory where it is written.
 */
public final class SparseBytes extends SparseArray {
  private static final MemorySegment EVERYTHING = HostMapping.EVERYTHING;
  private static final int SHIFT = 0;

  public SparseBytes(long length) {
    super(length, SHIFT);
  }

  /** Reads an element; throws {@link IndexOutOfBoundsException} like an array. */
  public byte get(long index) {
    return EVERYTHING.get(ValueLayout.JAVA_BYTE, address(index, SHIFT));
  }

  /** Writes an element; throws {@link IndexOutOfBoundsException} like an array. */
  public void set(long index, byte value) {
    EVERYTHING.set(ValueLayout.JAVA_BYTE, address(index, SHIFT), value);
  }

  /** Sets the elements of the range {@code [from, to)}. */
  public void fill(long from, long to, byte value) {
    Objects.checkFromToIndex(from, to, length());
    for (long i = from; i < to; i++) {
      set(i, value);
    }
  }
}
