package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * Merges equal neighbours into larger leaves. Models {@code cpa_collapse_large_pages()}
 * (arch/x86/mm/pat/set_memory.c, Linux 6.15 and later).
 *
 * <p>Linux does it only at the addresses given to set_memory_rox; whether the pieces of the direct
 * map are tried as well is for {@link DirectMapConfig.Collapse} to say. A table leaves the tree
 * under the lock and is freed after the flush. From Linux 7.3 on the lock of the kernel's address
 * space keeps out who changes entries (commit d5d8b8662e6e) and who dumps tables (a1c7570cedd0).
 */
final class LeafCollapse {
  private static final int PIECES = 512;

  private final KernelMapping mapping;
  private final PageTables tables;
  private final DirectMapConfig config;

  LeafCollapse(KernelMapping mapping, DirectMapConfig config) {
    this.mapping = mapping;
    this.tables = mapping.tables();
    this.config = config;
  }

  /**
   * Tries every 2M page that {@code pages} 4K pages from {@code va} on touch, then their 1G pages.
   */
  void collapse(Cpu cpu, long va, long pages) {
    long largeBytes = X86Entry.pages(2) << 12;
    long from = va & -largeBytes;
    long to = va + (pages << 12) + largeBytes - 1 & -largeBytes;
    int blocks = (int) ((to - from) / largeBytes);
    long[] freed = new long[2 * blocks];
    int count = 0;
    if (config.locksTables()) {
      mapping.mmapLock().acquire(cpu);
      mapping.attributeLock().acquire(cpu);
    }
    for (int i = 0; i < blocks; i++) {
      long at = from + i * largeBytes;
      long table = collapseAt(cpu, at, 2);
      if (table == EntrySlot.NONE) {
        continue;
      }
      freed[count++] = EntrySlot.of(table, 1);
      long upper = config.largestLeafLevel() >= 3 ? collapseAt(cpu, at, 3) : EntrySlot.NONE;
      if (upper != EntrySlot.NONE) {
        freed[count++] = EntrySlot.of(upper, 2);
      }
    }
    if (config.locksTables()) {
      mapping.attributeLock().release(cpu);
      mapping.mmapLock().release(cpu);
    }
    if (count > 0) {
      mapping.shootdown().flushAll(cpu);
    }
    for (int i = 0; i < count; i++) {
      mapping.freeCollapsedTable(cpu, EntrySlot.pa(freed[i]), EntrySlot.level(freed[i]));
    }
  }

  /**
   * Replaces the table below {@code va}'s entry of {@code level} by a leaf, if its entries agree.
   */
  private long collapseAt(Cpu cpu, long va, int level) {
    mapping.tableLock().acquire(cpu);
    long tablePa = tableToCollapse(cpu, va, level);
    mapping.tableLock().release(cpu);
    return tablePa;
  }

  private long tableToCollapse(Cpu cpu, long va, int level) {
    long largeBytes = X86Entry.pages(level) << 12;
    long slot = tables.entryAt(cpu, mapping.rootPa(), va, level);
    if (slot == EntrySlot.NONE) {
      return EntrySlot.NONE;
    }
    long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
    if (!tables.format().isTable(entry, level)) {
      return EntrySlot.NONE;
    }
    long tablePa = tables.tablePa(entry, level);
    long first = tables.readEntry(cpu, tablePa);
    long flags = X86Entry.flags(first, level - 1);
    long pfn = X86Entry.pfn(first, level - 1);
    boolean mayMerge =
        X86Entry.isPresent(first)
            && (level == 2 || (flags & X86Entry.LARGE) != 0)
            && (pfn << 12 & largeBytes - 1) == 0
            && (flags & X86Entry.KERNEL_4K) == 0;
    if (!mayMerge || !piecesAgree(cpu, tablePa, first, level - 1)) {
      return EntrySlot.NONE;
    }
    long leafFlags = level == 2 ? X86Entry.smallToLarge(flags) | X86Entry.LARGE : flags;
    tables.writeEntry(cpu, EntrySlot.pa(slot), X86Entry.entry(pfn, leafFlags));
    mapping.countCollapse(va, level);
    mapping.record(cpu, KernelEvent.DIRECT_MAP_COLLAPSE, va & -largeBytes, level, tablePa);
    return tablePa;
  }

  private boolean piecesAgree(Cpu cpu, long tablePa, long first, int level) {
    long stepBytes = X86Entry.pages(level) << 12;
    for (int i = 1; i < PIECES; i++) {
      if (tables.readEntry(cpu, tablePa + i * 8L) != first + i * stepBytes) {
        return false;
      }
    }
    return true;
  }
}
