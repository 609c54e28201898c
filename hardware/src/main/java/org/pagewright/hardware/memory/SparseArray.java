package org.pagewright.hardware.memory;

/** What the sparse arrays of all element types share: a mapping, a length and bounds checks. */
abstract sealed class SparseArray implements AutoCloseable
    permits SparseBytes, SparseInts, SparseLongs {
  private final HostMapping mapping;
  private final long base;

  /** Zero once closed, so that every later access throws. */
  private long length;

  SparseArray(long length, int elementShift) {
    if (length < 0 || length > Long.MAX_VALUE >> elementShift) {
      throw new IllegalArgumentException("sparse array of " + length + " elements");
    }
    this.mapping = HostMapping.of(length << elementShift, "a sparse array");
    this.base = mapping.address();
    this.length = length;
  }

  public final long length() {
    return length;
  }

  /** Host address of an element; throws {@link IndexOutOfBoundsException} like an array. */
  final long address(long index, int shift) {
    if (Long.compareUnsigned(index, length) >= 0) {
      throw outOfBounds(index);
    }
    return base + (index << shift);
  }

  private IndexOutOfBoundsException outOfBounds(long index) {
    return new IndexOutOfBoundsException(
        "Index %d out of bounds for length %d".formatted(index, length));
  }

  /** Sets every element to zero and gives the memory back. */
  public final void clear() {
    mapping.discardAll();
  }

  /** Real memory that the host spends on this array. */
  public final long residentBytes() {
    return mapping.residentBytes();
  }

  @Override
  public final void close() {
    length = 0;
    mapping.close();
  }
}
