package org.pagewright.kernel.kpkeys;

import org.pagewright.hardware.cpu.Cpu;

/**
 * A supplier of pages that carry the tables' key. Models {@code kpkeys_pgtable_alloc()} and its
 * companions (v5 to v7).
 */
public interface ProtectedPages {
  /** No page can be had. */
  long NONE = -1;

  /** Takes a protected page with undefined contents for any table; may sleep. */
  long take(Cpu cpu);

  /** Takes a page for a split in progress, under whatever locks that holds; never sleeps. */
  long takeForSplit(Cpu cpu);

  /** Gives a page back. */
  void give(Cpu cpu, long pfn);

  /**
   * Makes a split possible; may sleep. Models {@code kpkeys_prepare_direct_map_split()}.
   *
   * @return 0 or a negative {@link org.pagewright.kernel.arch.Errno}
   */
  int prepareSplit(Cpu cpu);

  /** Whether a split may begin. Models {@code kpkeys_ready_for_direct_map_split()}. */
  boolean isReadyForSplit();

  /** Protected pages that are kept and not in use, pools of the page allocator not counted. */
  long keptPages();

  /** Whether a page is kept and not in use. */
  boolean isKept(long pfn);

  /** The fewest pages that a split in progress ever left behind. */
  long keptPagesMin();

  /** Splits in progress that found no page. */
  long unserved();
}
