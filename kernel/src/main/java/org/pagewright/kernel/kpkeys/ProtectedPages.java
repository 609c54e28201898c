package org.pagewright.kernel.kpkeys;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.directmap.SplitReserve;

/**
 * A supplier of pages that carry the tables' key. Models {@code kpkeys_pgtable_alloc()} and its
 * companions (v5 to v7).
 */
public interface ProtectedPages extends SplitReserve {
  /** No page can be had. */
  long NONE = -1;

  /** The page allocator runs; keys cannot be set yet. Models {@code pba_init()}. */
  default void start(Cpu cpu) {}

  /** Keys can be set. Models {@code pba_init_late()}. */
  default void startLate(Cpu cpu) {}

  /**
   * Takes protected pages for tables; may sleep.
   *
   * @param order 0, or 1 for the top tables of page-table isolation
   */
  long take(Cpu cpu, int order);

  /** Whether pages come zeroed; otherwise their contents are undefined. */
  boolean areZeroed();

  /** Takes a page for a split in progress, under whatever locks that holds; never sleeps. */
  long takeForSplit(Cpu cpu);

  /** Gives pages back. */
  void give(Cpu cpu, long pfn, int order);

  /** Does what had to wait for somebody who may sleep, as a worker would. */
  default void settle(Cpu cpu) {}

  /** Protected pages that are kept and not in use, pools of the page allocator not counted. */
  long keptPages();

  /** Whether a page is kept and not in use. */
  boolean isKept(long pfn);

  /** The fewest pages that a split in progress ever left behind. */
  long keptPagesMin();

  /** Splits in progress that found no page. */
  long unserved();
}
