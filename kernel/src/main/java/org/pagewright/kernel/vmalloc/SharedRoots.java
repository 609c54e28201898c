package org.pagewright.kernel.vmalloc;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmFeature;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * The roots of all processes. Models {@code pgd_list} and {@code sync_global_pgds()}
 * (arch/x86/mm/init_64.c, Linux 7.0).
 *
 * <p>Linux copies the kernel's half and joins the list under one lock. Here a new process copies
 * what existed before it joins, and what was made after boot again once it is on the list, so that
 * an entry that is made in between is not missed. Where the kernel has a root of its own (arm64)
 * there is nothing to copy. Left out: the user's root, which holds nothing of the kernel that is
 * made after boot.
 */
public final class SharedRoots implements KernelRoots, MmFeature {
  private static final LockClass LIST_LOCK = new LockClass("pgd_list_lock");
  private static final int LIST_LOCK_IDENTITY = 4;

  private final PageTables tables;
  private final long kernelRootPa;
  private final boolean hasCopies;
  private final SpinLock lock = new SpinLock(LIST_LOCK, LIST_LOCK_IDENTITY);
  private final List<Mm> processes = new ArrayList<>();

  /** Offsets of the top-level entries that were made after boot. */
  private final List<Long> made = new ArrayList<>();

  /** The processes of one kernel, none yet. */
  public SharedRoots(PageTables tables, long kernelRootPa) {
    this.tables = tables;
    this.kernelRootPa = kernelRootPa;
    this.hasCopies = !tables.format().roots().hasSecond();
  }

  @Override
  public int create(Cpu cpu, Mm mm) {
    lock.acquire(cpu);
    processes.add(mm);
    for (long offset : made) {
      copy(cpu, mm, offset);
    }
    lock.release(cpu);
    return 0;
  }

  @Override
  public void destroy(Cpu cpu, Mm mm) {
    lock.acquire(cpu);
    processes.remove(mm);
    lock.release(cpu);
  }

  @Override
  public void topEntryMade(Cpu cpu, long offset) {
    if (!hasCopies) {
      return;
    }
    lock.acquire(cpu);
    made.add(offset);
    for (Mm mm : processes) {
      copy(cpu, mm, offset);
    }
    lock.release(cpu);
  }

  private void copy(Cpu cpu, Mm mm, long offset) {
    long entry = tables.readEntry(cpu, kernelRootPa + offset);
    long copyPa = mm.kernelPgdPa() + offset;
    if (tables.readEntry(cpu, copyPa) != entry) {
      tables.writeEntry(cpu, copyPa, entry);
    }
  }
}
