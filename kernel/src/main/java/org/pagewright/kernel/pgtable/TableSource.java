package org.pagewright.kernel.pgtable;

import org.pagewright.hardware.cpu.Cpu;

/**
 * Where page-table pages come from and go to: early memory at boot, the page allocator afterwards.
 *
 * <p>It is a seam on purpose. Tests and fault injection put a source in front that fails or counts;
 * hardened tables put one behind it that keeps protected pages in stock.
 */
public interface TableSource {
  /** No table can be had. */
  long NONE = -1;

  /**
   * Takes a page for a table of {@code level}, zeroed; may sleep.
   *
   * @return its physical address, or {@link #NONE}
   */
  long allocate(Cpu cpu, int level);

  /**
   * Takes two neighbouring pages for two tables of {@code level}, as page-table isolation wants its
   * top tables; may sleep.
   *
   * @return physical address of the first, aligned to both; {@link #NONE} also where a source has
   *     single pages only
   */
  default long allocatePair(Cpu cpu, int level) {
    return NONE;
  }

  /** Gives both tables of {@link #allocatePair} back. */
  default void freePair(Cpu cpu, long tablePa, int level) {
    throw new IllegalArgumentException("no pairs of tables come from here");
  }

  /** Whether every table from here is protected already, so that the door need not step in. */
  default boolean isProtected() {
    return false;
  }

  /** Tables of this kind in pages of another source, which the door names. */
  default TableSource over(TableSource pages) {
    return pages;
  }

  /** Gives a table back. Nothing may reach it any more, not even a paging-structure cache. */
  void free(Cpu cpu, long tablePa, int level);
}
