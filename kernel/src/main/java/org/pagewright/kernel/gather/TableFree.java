package org.pagewright.kernel.gather;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;

/** One call that takes out tables whose leaves are cleared. Models {@code free_pgd_range()}. */
final class TableFree {
  private final UserTables tables;
  private final Cpu cpu;
  private final MmuGather gather;
  private final long floor;
  private final long ceiling;
  private final PageTables door;
  private final PteFormat format;

  /** Tables that reach below {@code floor} or beyond {@code ceiling} (0 for none) stay. */
  TableFree(UserTables tables, Cpu cpu, MmuGather gather, long floor, long ceiling) {
    this.tables = tables;
    this.cpu = cpu;
    this.gather = gather;
    this.floor = floor;
    this.ceiling = ceiling;
    this.door = tables.services().tables();
    this.format = door.format();
  }

  /** Takes out what hangs below the entries of {@code tablePa}, lowest tables first. */
  void below(long tablePa, int level, long from, long to) {
    long span = format.levelBytes(level);
    for (long va = from & -span; va < to; va += span) {
      long entryPa = format.entryPa(tablePa, va, level);
      long entry = door.readEntry(cpu, entryPa);
      if (!format.isTable(entry, level)) {
        continue;
      }
      if (level > 2) {
        below(format.pa(entry, level), level - 1, Math.max(va, from), Math.min(va + span, to));
      }
      if (va >= floor && (ceiling == 0 || va + span <= ceiling)) {
        long freedPa = tables.unhook(cpu, gather.mm(), EntrySlot.of(entryPa, level));
        gather.freeTable(cpu, freedPa, level - 1, va);
      }
    }
  }
}
