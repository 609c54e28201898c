package org.pagewright.hardware.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A large zero-filled array of {@code int} outside the heap that takes memory where it is written.
 */
public final class SparseInts implements AutoCloseable {
  private static final MemorySegment EVERYTHING = HostMapping.EVERYTHING;

  private final HostMapping mapping;
  private final long base;

  /** Zero once closed, so that every later access throws. */
  private long length;

  public SparseInts(long length) {
    if (length < 0 || length > Long.MAX_VALUE / Integer.BYTES) {
      throw new IllegalArgumentException("sparse array of " + length + " elements");
    }
    this.mapping = HostMapping.of(length * Integer.BYTES, "a sparse array");
    this.base = mapping.address();
    this.length = length;
  }

  public long length() {
    return length;
  }

  /** Reads an element; throws {@link IndexOutOfBoundsException} like an array. */
  public int get(long index) {
    return EVERYTHING.get(
        ValueLayout.JAVA_INT, base + Objects.checkIndex(index, length) * Integer.BYTES);
  }

  /** Writes an element; throws {@link IndexOutOfBoundsException} like an array. */
  public void set(long index, int value) {
    EVERYTHING.set(
        ValueLayout.JAVA_INT, base + Objects.checkIndex(index, length) * Integer.BYTES, value);
  }

  /** Sets the elements of the range {@code [from, to)}. */
  public void fill(long from, long to, int value) {
    Objects.checkFromToIndex(from, to, length);
    for (long i = from; i < to; i++) {
      EVERYTHING.set(ValueLayout.JAVA_INT, base + i * Integer.BYTES, value);
    }
  }

  /** Sets every element to zero and gives the memory back. */
  public void clear() {
    mapping.discardAll();
  }

  /** Real memory that the host spends on this array. */
  public long residentBytes() {
    return mapping.residentBytes();
  }

  @Override
  public void close() {
    length = 0;
    mapping.close();
  }
}
