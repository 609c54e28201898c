package org.pagewright.kernel.gather;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.mm.Mm;

/**
 * Who knows what leaves mean: areas, reverse mappings, counters. Models what {@code
 * zap_pte_range()} does with the page of each entry (mm/memory.c).
 */
public interface ZapLeaves {
  /** Nothing more is to be done about the leaf. */
  int NOTHING = 0;

  /** The page that the leaf mapped is released by the gather, after the flush. */
  int GATHER = 1;

  /** The leaf was dirty and its page is shared: TLBs are flushed before its lock is released. */
  int FLUSH_FIRST = 2;

  /** The lock of a lowest table was just taken. */
  default void tableLocked(Cpu cpu, Mm mm) {}

  /** Whether the leaf stays; asked under the lock of its table, before it is cleared. */
  default boolean keeps(long va, long entry, int level) {
    return false;
  }

  /**
   * The leaf was cleared; called under the lock of its table.
   *
   * @param entry what it was at the last moment, accessed and dirty bits included
   * @return a sum of {@link #GATHER} and {@link #FLUSH_FIRST}
   */
  int removed(Cpu cpu, Mm mm, long va, long entry, int level);

  /**
   * Splits a leaf that the range covers in part; called without locks.
   *
   * @return whether there is a table in its place; otherwise the leaf stays
   */
  default boolean split(Cpu cpu, Mm mm, long va, int level) {
    throw new IllegalArgumentException(
        "the range ends inside the leaf of level " + level + " at 0x" + Long.toHexString(va));
  }
}
