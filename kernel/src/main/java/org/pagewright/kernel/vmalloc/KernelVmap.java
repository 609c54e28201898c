package org.pagewright.kernel.vmalloc;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelWarning;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * Maps kernel addresses and takes them out again, in the largest leaves that fit. Models {@code
 * vmap_range_noflush()} and {@code vunmap_range()} (mm/vmalloc.c, Linux 7.0).
 */
public class KernelVmap {
  /*
   * What Linux does. Unmapping empties entries and leaves the tables. A leaf that is mapped later
   * where such a table hangs takes its place: the entry is emptied, every CPU forgets walks through
   * it, and the table goes with those below it. Children may be empty, for a table of leaves seldom
   * was full.
   *
   * What this does. arm64's order: the tables below first, a flush for each. x86 empties all of
   * them, flushes once, and needs a page to remember them by. Whoever dumps tables is waited for
   * before a table goes (arm64 since 6.17).
   *
   * What is left out: see the package.
   */

  private final PageTables tables;
  private final PteFormat format;
  private final long rootPa;
  private final TableSource source;
  private final TlbShootdown shootdown;
  private final RwSemaphore mmapLock;
  private final KernelRoots roots;
  private final EventLog events;

  /**
   * Mappings of one kernel.
   *
   * @param directMap knows the kernel's root and its lock
   * @param roots who else has to see a new top-level entry
   */
  public KernelVmap(
      PageTables tables,
      DirectMap directMap,
      TableSource source,
      TlbShootdown shootdown,
      KernelRoots roots,
      EventLog events) {
    this.tables = tables;
    this.format = tables.format();
    this.rootPa = directMap.rootPa();
    this.mmapLock = directMap.mmapLock();
    this.source = source;
    this.shootdown = shootdown;
    this.roots = roots;
    this.events = events;
  }

  /**
   * Maps a range of addresses that nothing is mapped at; may sleep.
   *
   * @param largestLevel of the leaves, 1 for base pages only
   * @return 0, or {@code -ENOMEM}: then what was mapped before stays
   */
  public int map(Cpu cpu, PageRange range, int rights, int largestLevel) {
    cpu.maySleep();
    long done = 0;
    while (done < range.bytes()) {
      long va = range.va() + done;
      long pa = range.pa() + done;
      int level = tables.leafLevel(va | pa, range.bytes() - done, largestLevel);
      long slot = makeEntry(cpu, va, level);
      if (slot == EntrySlot.NONE) {
        return -Errno.ENOMEM;
      }
      if (level > 1 && tables.readEntry(cpu, EntrySlot.pa(slot)) != format.empty(level)) {
        freeTableBelow(cpu, slot, va);
      }
      long left = level > 1 ? format.levelBytes(level) : range.bytes() - done;
      done += tables.mapNeighbours(cpu, slot, new PageRange(va, pa, left), rights);
    }
    return 0;
  }

  /** Takes a range out and flushes it; its tables stay. */
  public void unmap(Cpu cpu, long va, long bytes) {
    long leaves = tables.unmap(cpu, rootPa, va, bytes);
    if (leaves > 0) {
      shootdown.flushKernelRange(cpu, va, va + bytes);
    }
  }

  private long makeEntry(Cpu cpu, long va, int level) {
    int top = format.topLevel();
    long topPa = format.entryPa(rootPa, va, top);
    boolean wasEmpty = tables.readEntry(cpu, topPa) == format.empty(top);
    long slot = tables.makeEntry(cpu, rootPa, va, level, source);
    if (wasEmpty && level < top && tables.readEntry(cpu, topPa) != format.empty(top)) {
      roots.topEntryMade(cpu, topPa - rootPa);
    }
    return slot;
  }

  /**
   * Gives back the table that an entry points to, with all tables below it; they hold no leaf.
   * Models {@code pud_free_pmd_page()} and {@code pmd_free_pte_page()} of arm64.
   */
  private void freeTableBelow(Cpu cpu, long slot, long va) {
    int level = EntrySlot.level(slot);
    long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
    if (!format.isTable(entry, level)) {
      events.record(KernelEvent.WARNING, cpu.id(), KernelWarning.NOT_A_TABLE.number(), va, 0);
      return;
    }
    long tablePa = tables.tablePa(entry, level);
    if (level > 2) {
      freeTablesOf(cpu, tablePa, level - 1, va);
    }
    tables.writeEntry(cpu, EntrySlot.pa(slot), format.empty(level));
    waitForDumps(cpu);
    shootdown.flushKernelTable(cpu, va, va + format.levelBytes(level));
    tables.freeTable(cpu, tablePa, level - 1, source);
  }

  private void freeTablesOf(Cpu cpu, long tablePa, int level, long va) {
    long entries = format.level(level).entries();
    for (long i = 0; i < entries; i++) {
      long slot = EntrySlot.of(tablePa + i * Long.BYTES, level);
      if (mayHaveTable(tables.readEntry(cpu, EntrySlot.pa(slot)), level)) {
        freeTableBelow(cpu, slot, va + i * format.levelBytes(level));
      }
    }
  }

  /** Whether there is anything below a child entry: most are empty (650768c512fa, 2025). */
  protected boolean mayHaveTable(long entry, int level) {
    return format.isPresent(entry, level);
  }

  /** A dump that began before the table was taken out may still be in it; a later one is not. */
  protected void waitForDumps(Cpu cpu) {
    mmapLock.acquireShared(cpu);
    mmapLock.releaseShared(cpu);
  }
}
