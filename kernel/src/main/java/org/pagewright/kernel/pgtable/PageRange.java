package org.pagewright.kernel.pgtable;

/** A run of virtual addresses and the run of physical addresses that it is to show. */
public record PageRange(long va, long pa, long bytes) {
  public PageRange {
    if (bytes <= 0) {
      throw new IllegalArgumentException("bytes: " + bytes + ", at least 1");
    }
  }
}
