package org.pagewright.hardware.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A large zero-filled array of {@code byte} outside the heap that takes memory where it is written.
 */
public final class SparseBytes implements AutoCloseable {
  private static final MemorySegment EVERYTHING = HostMapping.EVERYTHING;

  private final HostMapping mapping;
  private final long base;

  /** Zero once closed, so that every later access throws. */
  private long length;

  public SparseBytes(long length) {
    if (length < 0) {
      throw new IllegalArgumentException("sparse array of " + length + " elements");
    }
    this.mapping = HostMapping.of(length * Byte.BYTES, "a sparse array");
    this.base = mapping.address();
    this.length = length;
  }

  public long length() {
    return length;
  }

  /** Reads an element; throws {@link IndexOutOfBoundsException} like an array. */
  public byte get(long index) {
    return EVERYTHING.get(
        ValueLayout.JAVA_BYTE, base + Objects.checkIndex(index, length) * Byte.BYTES);
  }

  /** Writes an element; throws {@link IndexOutOfBoundsException} like an array. */
  public void set(long index, byte value) {
    EVERYTHING.set(
        ValueLayout.JAVA_BYTE, base + Objects.checkIndex(index, length) * Byte.BYTES, value);
  }

  /** Sets the elements of the range {@code [from, to)}. */
  public void fill(long from, long to, byte value) {
    Objects.checkFromToIndex(from, to, length);
    for (long i = from; i < to; i++) {
      EVERYTHING.set(ValueLayout.JAVA_BYTE, base + i * Byte.BYTES, value);
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
