package org.pagewright.kernel.gather;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * Writes entries of a top table that lead to user memory. Models {@code set_pgd()} with {@code
 * pti_set_user_pgtbl()} (arch/x86/mm/pti.c): with page-table isolation the table of user mode gets
 * the entry too, and the kernel's copy forbids execution.
 */
@FunctionalInterface
public interface TopEntries {
  /** Writes the entry at {@code entryPa} of the kernel's top table, and its like. */
  void write(Cpu cpu, Mm mm, long entryPa, long entry);

  /** What Linux 7.0 does. */
  static TopEntries of(PageTables tables) {
    return (cpu, mm, entryPa, entry) -> {
      long kernelEntry = entry;
      if (mm.isIsolated()) {
        PteFormat format = tables.format();
        tables.writeEntry(cpu, mm.userPgdPa() + entryPa - mm.kernelPgdPa(), entry);
        boolean mayForbid = !format.has(PteFormat.Feature.PDPTE_REGISTERS);
        boolean isTable = format.isTable(entry, format.topLevel());
        kernelEntry |= mayForbid && isTable ? NO_EXECUTE : 0;
      }
      tables.writeEntry(cpu, entryPa, kernelEntry);
    };
  }

  /** x86's bit 63. */
  long NO_EXECUTE = 1L << 63;
}
