package org.pagewright.kernel.pti;

import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.pgtable.EntryMirror;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TablePages;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tablelife.ConstructingTables;
import org.pagewright.kernel.tablelife.TableOwner;

/**
 * The top tables of processes, and with PAE the tables right below them. Models {@code
 * pgd_alloc()}, {@code pgd_free()} (arch/x86/mm/pgtable.c) and {@code __pti_set_user_pgtbl()}
 * (Linux 7.0).
 */
public final class TopTables implements EntryMirror {
  /*
   * What Linux does. The kernel half of a new top table is copied from the kernel's own. With
   * isolation the page after it is user mode's table; its kernel half is copied from the reference.
   * A write of an entry for user addresses is repeated there, and the kernel's copy loses
   * execution, so that code of a process that runs on the wrong table faults at once.
   *
   * PAE loads the four top entries into registers with CR3. So that they never change, all four
   * tables below are made with the top table; that of the kernel's gigabyte is a copy of its own
   * for each process, which every change of the kernel's table has to reach. With isolation user
   * mode has another one for that gigabyte.
   */

  /** Memory is short. */
  public static final long NONE = TableSource.NONE;

  private static final long X86_NO_EXECUTE = 1L << 63;
  private static final long X86_USER = 1L << 2;
  private static final int PDPTES = 4;
  private static final int PMD_LEVEL = 2;

  private final TableSource pgds;
  private final PageTables tables;
  private final TableSource source;
  private final PteFormat format;
  private final long kernelRootPa;
  private final @Nullable PageTableIsolation isolation;
  private final boolean isIsolated;
  private final boolean hasPdptes;
  private final long rootBytes;

  /** Bytes of the user's entries at the start of a top table. */
  private final long userBytes;

  /** Frames of top tables that the kernel uses, by number: memory for the highest one's bit. */
  private final BitSet roots = new BitSet();

  /** With PAE the processes' copies of the kernel's table. Models {@code pgd_list}. */
  private long[] kernelPmds = new long[8];

  private int processes;

  private TopTables(
      TableSource pgds,
      PageTables tables,
      TableSource source,
      long kernelRootPa,
      boolean isIsolated,
      @Nullable PageTableIsolation isolation) {
    this.pgds = pgds;
    this.tables = tables;
    this.source = source;
    this.format = tables.format();
    this.kernelRootPa = kernelRootPa;
    this.isIsolated = isIsolated;
    this.isolation = isolation;
    this.hasPdptes = format.has(PteFormat.Feature.PDPTE_REGISTERS);
    this.rootBytes = format.tableBytes(format.topLevel());
    this.userBytes = hasPdptes ? (PDPTES - 1L) * Long.BYTES : rootBytes / 2;
    if (isIsolated && !format.name().startsWith("x86_64")) {
      throw new IllegalArgumentException("page-table isolation is modelled on x86, not " + format);
    }
    if (isIsolated || hasPdptes) {
      tables.setMirror(this);
    }
  }

  /**
   * Those of a booted kernel: pairs with page-table isolation, else one for both modes. Their
   * constructor, {@code pagetable_pgd_ctor()} (Linux 6.14), is not told whose they are.
   */
  public static TopTables of(KernelMachine kernel) {
    PteFormat format = kernel.machine().format();
    TableSource pgds =
        ConstructingTables.all(
            TablePages.forProcesses(kernel.allocator(), kernel.machine().memory(), format),
            kernel.constructors(),
            format,
            TableOwner.UNKNOWN);
    if (!kernel.config().isolation()) {
      return shared(pgds, kernel.tables(), kernel.tablePages(), kernel.rootPa());
    }
    PageTableIsolation isolation =
        new PageTableIsolation(
            kernel.machine(),
            kernel.tables(),
            kernel.tablePages(),
            kernel.allocator(),
            kernel.layout(),
            kernel.config().image(),
            kernel.rootPa());
    return isolated(pgds, kernel.tables(), kernel.tablePages(), kernel.rootPa(), isolation);
  }

  /**
   * Those of a kernel that is put together by hand: without constructors and, in pairs, with
   * nothing of the kernel in user mode's.
   */
  public static TopTables ofParts(
      PageAllocator allocator,
      PhysicalMemory memory,
      PageTables tables,
      long rootPa,
      boolean pairs) {
    TableSource pgds = TablePages.forProcesses(allocator, memory, tables.format());
    TableSource source = TablePages.zeroed(allocator, memory, tables.format());
    return pairs ? bare(pgds, tables, source, rootPa) : shared(pgds, tables, source, rootPa);
  }

  /** One top table for both modes. */
  public static TopTables shared(
      TableSource pgds, PageTables tables, TableSource source, long kernelRootPa) {
    return new TopTables(
        pgds, tables, source, kernelRootPa, /* isIsolated= */ false, /* isolation= */ null);
  }

  /** A pair; user mode's table holds of the kernel what {@code isolation} has prepared. */
  public static TopTables isolated(
      TableSource pgds,
      PageTables tables,
      TableSource source,
      long kernelRootPa,
      PageTableIsolation isolation) {
    return new TopTables(pgds, tables, source, kernelRootPa, /* isIsolated= */ true, isolation);
  }

  /** A pair; user mode's table holds nothing of the kernel, so that nobody could enter it. */
  public static TopTables bare(
      TableSource pgds, PageTables tables, TableSource source, long kernelRootPa) {
    return new TopTables(
        pgds, tables, source, kernelRootPa, /* isIsolated= */ true, /* isolation= */ null);
  }

  /** Whether user mode has a top table of its own. */
  public boolean isIsolated() {
    return isIsolated;
  }

  /** User mode's top table: the page after the kernel's. */
  public long userRootPa(long rootPa) {
    assert isIsolated : "user mode runs on the kernel's table";
    return rootPa + Math.max(rootBytes, format.pageBytes());
  }

  /**
   * Makes the top tables of a process. Models {@code pgd_alloc()}.
   *
   * @return address of the kernel's, or {@link #NONE} with nothing kept
   */
  public long allocate(Cpu cpu) {
    int top = format.topLevel();
    long rootPa =
        isIsolated ? tables.allocatePair(cpu, top, pgds) : tables.allocateTable(cpu, top, pgds);
    if (rootPa == TableSource.NONE) {
      return NONE;
    }
    tables.enterRun(cpu);
    boolean isFilled = fill(cpu, rootPa);
    tables.leaveRun(cpu);
    if (!isFilled) {
      freeRoots(cpu, rootPa);
      return NONE;
    }
    roots.set(frame(rootPa));
    return rootPa;
  }

  private boolean fill(Cpu cpu, long rootPa) {
    if (hasPdptes) {
      return addPmds(cpu, rootPa);
    }
    if (!format.roots().hasSecond()) {
      copyKernelHalf(cpu, rootPa, kernelRootPa);
      if (isolation != null) {
        copyKernelHalf(cpu, userRootPa(rootPa), isolation.userRootPa());
      }
    }
    return true;
  }

  private int frame(long pa) {
    return (int) (pa >>> format.pageShift());
  }

  private void freeRoots(Cpu cpu, long rootPa) {
    if (isIsolated) {
      tables.freePair(cpu, rootPa, format.topLevel(), pgds);
    } else {
      tables.freeTable(cpu, rootPa, format.topLevel(), pgds);
    }
  }

  private void copyKernelHalf(Cpu cpu, long toPa, long fromPa) {
    int half = (int) format.level(format.topLevel()).entries() / 2;
    long offset = (long) half * Long.BYTES;
    tables.copyUnpublished(cpu, toPa + offset, fromPa + offset, half);
  }

  /** Gives the tables back; whatever the process had below them must be gone. */
  public void free(Cpu cpu, long rootPa) {
    if (hasPdptes) {
      removePmds(cpu, rootPa);
    }
    roots.clear(frame(rootPa));
    freeRoots(cpu, rootPa);
  }

  // ---- PAE

  /** Models {@code preallocate_pmds()} for both tables, and populating them. */
  private boolean addPmds(Cpu cpu, long rootPa) {
    int wanted = isIsolated ? PDPTES + 1 : PDPTES;
    long[] pmds = new long[wanted];
    for (int i = 0; i < wanted; i++) {
      pmds[i] = tables.allocateTable(cpu, PMD_LEVEL, source);
      if (pmds[i] == TableSource.NONE) {
        for (int j = i - 1; j >= 0; j--) {
          tables.freeTable(cpu, pmds[j], PMD_LEVEL, source);
        }
        return false;
      }
    }
    int kernel = PDPTES - 1;
    int entries = (int) format.level(PMD_LEVEL).entries();
    tables.copyUnpublished(cpu, pmds[kernel], kernelPmdPa(kernelRootPa), entries);
    for (int i = 0; i < PDPTES; i++) {
      populate(cpu, rootPa, i, pmds[i]);
      if (isIsolated && i < kernel) {
        populate(cpu, userRootPa(rootPa), i, pmds[i]);
      }
    }
    if (isIsolated) {
      if (isolation != null) {
        long reference = kernelPmdPa(isolation.userRootPa());
        tables.copyUnpublished(cpu, pmds[PDPTES], reference, entries);
      }
      populate(cpu, userRootPa(rootPa), kernel, pmds[PDPTES]);
    }
    list(pmds[kernel]);
    return true;
  }

  /** An entry of PAE's top table has an address and the present bit, all else is reserved. */
  private void populate(Cpu cpu, long rootPa, int index, long pmdPa) {
    long entry = tables.kernelTable(pmdPa, format.topLevel());
    tables.writeUnpublished(cpu, rootPa + (long) index * Long.BYTES, entry);
  }

  private void removePmds(Cpu cpu, long rootPa) {
    unlist(kernelPmdPa(rootPa));
    for (int i = 0; i < PDPTES; i++) {
      removePmd(cpu, rootPa, i);
    }
    if (isIsolated) {
      removePmd(cpu, userRootPa(rootPa), PDPTES - 1);
    }
  }

  /** Models {@code mop_up_one_pmd()}: what unmapping freed is not there any more. */
  private void removePmd(Cpu cpu, long rootPa, int index) {
    long entryPa = rootPa + (long) index * Long.BYTES;
    long entry = tables.peek(entryPa);
    if (!format.isPresent(entry, format.topLevel())) {
      return;
    }
    long pmdPa = tables.tablePa(entry, format.topLevel());
    tables.writeUnpublished(cpu, entryPa, 0);
    tables.freeTable(cpu, pmdPa, PMD_LEVEL, source);
  }

  private long kernelPmdPa(long rootPa) {
    long entry = tables.peek(rootPa + (PDPTES - 1) * (long) Long.BYTES);
    return tables.tablePa(entry, format.topLevel());
  }

  private void list(long pmdPa) {
    if (processes == kernelPmds.length) {
      kernelPmds = Arrays.copyOf(kernelPmds, 2 * processes);
    }
    kernelPmds[processes++] = pmdPa;
  }

  private void unlist(long pmdPa) {
    int at = 0;
    while (kernelPmds[at] != pmdPa) {
      at++;
    }
    kernelPmds[at] = kernelPmds[--processes];
  }

  // ---- copies of entries

  @Override
  public long written(Cpu cpu, long entryPa, long entry) {
    long offset = entryPa & (format.pageBytes() - 1);
    if (hasPdptes) {
      copyToProcesses(cpu, entryPa - offset, offset, entry);
    }
    boolean isOfUser = offset < userBytes && roots.get(frame(entryPa));
    if (!isIsolated || !isOfUser) {
      return entry;
    }
    tables.writeUnpublished(cpu, userRootPa(entryPa - offset) + offset, entry);
    boolean isForUser = format.isPresent(entry, format.topLevel()) && (entry & X86_USER) != 0;
    return isForUser && !hasPdptes ? entry | X86_NO_EXECUTE : entry;
  }

  /** Models the synchronisation of the kernel's second-level entries over {@code pgd_list}. */
  private void copyToProcesses(Cpu cpu, long tablePa, long offset, long entry) {
    if (processes > 0 && tablePa == kernelPmdPa(kernelRootPa)) {
      for (int i = 0; i < processes; i++) {
        tables.writeUnpublished(cpu, kernelPmds[i] + offset, entry);
      }
    }
  }
}
