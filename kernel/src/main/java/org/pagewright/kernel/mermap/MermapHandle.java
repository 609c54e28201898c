package org.pagewright.kernel.mermap;

/**
 * What a get returns: the first address of the mapping and the record that tracks it, packed.
 * Models the pointer to {@code struct mermap_alloc}.
 *
 * <p>Addresses are page-aligned, so the bits below the page hold the record.
 */
public final class MermapHandle {
  /** Nothing was mapped. Models a NULL pointer; no window holds address 0. */
  public static final long NONE = 0;

  private static final long RECORD = MermapWindow.RECORDS_MAX - 1;

  private MermapHandle() {}

  static long of(long va, int record) {
    assert (va & RECORD) == 0 && record >= 0 && record <= RECORD : va + " record " + record;
    return va | record;
  }

  /** First address of the mapping. Models {@code mermap_addr()}. */
  public static long va(long handle) {
    assert handle != NONE;
    return handle & ~RECORD;
  }

  static int record(long handle) {
    return (int) (handle & RECORD);
  }
}
