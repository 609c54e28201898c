package org.pagewright.kernel.pgtable;

/**
 * Where an entry stands: the physical address of its eight bytes and the level of its table,
 * packed.
 *
 * <p>Entries are eight-byte aligned, so the three low bits are free for the level, counted from the
 * leaf (1 = PTE).
 */
public final class EntrySlot {
  /** No entry: a table on the way could not be had. */
  public static final long NONE = -1;

  private static final long LEVEL = 7;

  private EntrySlot() {}

  public static long of(long entryPa, int level) {
    assert (entryPa & LEVEL) == 0 && level >= 1 && level <= LEVEL : entryPa + " level " + level;
    return entryPa | level;
  }

  /** Physical address of the entry. */
  public static long pa(long slot) {
    return slot & ~LEVEL;
  }

  /** Level of the table that the entry stands in; 1 is the lowest. */
  public static int level(long slot) {
    return (int) (slot & LEVEL);
  }
}
