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

  /** Gives a table back. Nothing may reach it any more, not even a paging-structure cache. */
  void free(Cpu cpu, long tablePa, int level);
}
