package org.pagewright.lab.experiment.suite;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.Kpkeys;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * Work that writes page tables as fork, munmap, vmalloc and a compiler's processes do.
 *
 * <p>Models the loops of {@code copy_pte_range()}, {@code zap_pte_range()} and {@code
 * vmap_pages_pte_range()} (Linux 7.0): entries of one table are written in one lazy-MMU section.
 * User pages are numbers only; what is done to each besides its entry is one atomic operation.
 */
final class TableWorkload {
  private static final long PAGE_BYTES = 4096;
  private static final long TABLE_BYTES = 512 * PAGE_BYTES;
  private static final long USER_VA = 1L << 30;
  private static final long USER_PA = 1L << 21;
  private static final int USER =
      Rights.USER_READ | Rights.USER_PAGE | Rights.KERNEL_READ | Rights.ACCESSED;

  private final KernelMachine kernel;
  private final PageTables tables;
  private final PteFormat format;
  private final TableSource source;
  private final @Nullable Kpkeys keys;
  private final Cpu cpu;

  TableWorkload(KernelMachine kernel, @Nullable HardenedTables hardened) {
    this.kernel = kernel;
    this.tables = kernel.tables();
    this.format = kernel.machine().format();
    this.source = hardened == null ? kernel.tablePages() : hardened.tables();
    this.keys = hardened == null ? null : hardened.keys();
    this.cpu = kernel.cpu(0);
  }

  private void enter() {
    if (keys != null) {
      keys.enterLazy(cpu);
    }
  }

  private void leave() {
    if (keys != null) {
      keys.leaveLazy(cpu);
    }
  }

  /** A new address space, or a complaint. */
  long root() {
    return required(tables.allocateTable(cpu, format.topLevel(), source));
  }

  private static long required(long found) {
    if (found < 0) {
      throw new IllegalStateException("memory ended while tables were built");
    }
    return found;
  }

  /** Maps {@code pages} user pages, as faults do: one entry at a time. */
  void populate(long root, long pages, boolean isFault) {
    for (long page = 0; page < pages; page++) {
      long va = USER_VA + page * PAGE_BYTES;
      long slot = required(tables.makeEntry(cpu, root, va, 1, source));
      if (isFault) {
        cpu.charge(Primitive.PAGE_FAULT);
        cpu.charge(Primitive.PAGE_ALLOC);
        cpu.charge(Primitive.ZERO_PAGE);
      }
      tables.writeEntry(cpu, EntrySlot.pa(slot), leaf(page));
    }
  }

  private long leaf(long page) {
    return format.leaf(1, USER_PA + page % 512 * PAGE_BYTES, USER);
  }

  /** Copies {@code pages} entries to {@code child} and write-protects both. */
  void fork(long parent, long child, long pages) {
    for (long first = 0; first < pages; first += 512) {
      long va = USER_VA + first * PAGE_BYTES;
      long to = EntrySlot.pa(required(tables.makeEntry(cpu, child, va, 1, source)));
      long from = EntrySlot.pa(tables.entryAt(cpu, parent, va, 1));
      enter();
      for (long i = 0; i < Math.min(512, pages - first); i++) {
        long entry = tables.readEntry(cpu, from + i * Long.BYTES);
        cpu.charge(Primitive.ATOMIC);
        tables.writeEntry(cpu, from + i * Long.BYTES, entry);
        tables.writeEntry(cpu, to + i * Long.BYTES, entry);
      }
      leave();
    }
  }

  /** Empties {@code pages} entries and gives their pages and tables back. */
  void munmap(long root, long pages) {
    unmap(root, pages, Primitive.PAGE_FREE);
  }

  /** The same for pages that somebody else goes on using: each loses a user. */
  void unmapShared(long root, long pages) {
    unmap(root, pages, Primitive.ATOMIC);
  }

  private void unmap(long root, long pages, Primitive perPage) {
    for (long first = 0; first < pages; first += 512) {
      long va = USER_VA + first * PAGE_BYTES;
      long from = EntrySlot.pa(tables.entryAt(cpu, root, va, 1));
      enter();
      for (long i = 0; i < Math.min(512, pages - first); i++) {
        cpu.charge(Primitive.ENTRY_READ);
        cpu.charge(perPage);
        tables.writeEntry(cpu, from + i * Long.BYTES, 0);
      }
      leave();
    }
    long bytes = (pages * PAGE_BYTES + TABLE_BYTES - 1) & -TABLE_BYTES;
    tables.freeTables(cpu, root, USER_VA, bytes, format.topLevel(), source);
  }

  /** Ends an address space whose pages are unmapped. */
  void exit(long root) {
    tables.freeTable(cpu, root, format.topLevel(), source);
  }

  /** Allocates and frees an area of {@code pages} pages. */
  void vmalloc(long pages) {
    long va = kernel.layout().vmallocBase();
    cpu.charge(Primitive.SLAB, 2);
    cpu.charge(Primitive.PAGE_ALLOC, pages);
    long slot = EntrySlot.pa(required(tables.makeEntry(cpu, kernel.rootPa(), va, 1, source)));
    enter();
    for (long i = 0; i < pages; i++) {
      tables.writeEntry(cpu, slot + i * Long.BYTES, leaf(i));
    }
    leave();
    enter();
    for (long i = 0; i < pages; i++) {
      tables.writeEntry(cpu, slot + i * Long.BYTES, 0);
    }
    leave();
    cpu.charge(Primitive.PAGE_FREE, pages);
    cpu.charge(Primitive.SLAB, 2);
  }
}
