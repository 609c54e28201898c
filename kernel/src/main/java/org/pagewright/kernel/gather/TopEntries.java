package org.pagewright.kernel.gather;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.mm.Mm;

/**
 * Writes entries of a top table that lead to user memory. Models {@code pgd_populate()} and its
 * like. What page-table isolation adds, user mode's copy and the bit that forbids execution, is
 * done behind {@code PageTables} for whoever writes (kernel.pti).
 */
@FunctionalInterface
public interface TopEntries {
  /** Writes the entry at {@code entryPa} of the process's top table. */
  void write(Cpu cpu, Mm mm, long entryPa, long entry);
}
