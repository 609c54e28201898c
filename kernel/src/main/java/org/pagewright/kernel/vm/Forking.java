package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.TableAllocator;

/**
 * Gives a child what its parent has mapped. Models {@code dup_mmap()} and {@code copy_page_range()}
 * (mm/mmap.c, mm/memory.c, Linux 7.0).
 */
final class Forking {
  /*
   * What Linux does: only areas that have pages of the process's own are copied; those of shared
   * files are found again by faults. A page of a private area loses its write permission in the
   * parent and the child, so that the next write copies it, and the parent is flushed once at the
   * end, before its areas are unlocked. A walker that pins without locks meanwhile gives up.
   *
   * What is left out: pages that are pinned for a long time, which Linux copies at once.
   */

  private final VmServices services;
  private final BatchedFlush batch;
  private final UserTables tables;
  private final PageTables door;
  private final PteFormat format;

  Forking(VmServices services, BatchedFlush batch) {
    this.services = services;
    this.batch = batch;
    this.tables = services.userTables();
    this.door = services.door();
    this.format = services.format();
  }

  /** Copies areas and entries; 0 or {@code -ENOMEM}, after which the child has to exit. */
  int copy(Cpu cpu, AddressSpace parent, AddressSpace child) {
    parent.lock().acquire(cpu);
    child.lock().acquire(cpu);
    parent.advanceForkSequence();
    int result = 0;
    for (Area area : parent.areas().all()) {
      Area copy = area.at(area.from(), area.to(), area.index(area.from(), services.pageShift()));
      child.insert(cpu, copy);
      services
          .events()
          .record(
              VmEvent.RANGE_CHANGED,
              cpu.id(),
              child.mm().contextId(),
              copy.from(),
              copy.to() | copy.access());
      if (area.family() != null) {
        result = copyRange(cpu, parent, child, area);
      }
      if (result != 0) {
        break;
      }
    }
    flushParent(cpu, parent);
    parent.advanceForkSequence();
    child.lock().release(cpu);
    parent.lock().release(cpu);
    return result;
  }

  private void flushParent(Cpu cpu, AddressSpace parent) {
    services.shootdown().flushMm(cpu, parent.mm().tlb());
  }

  private int copyRange(Cpu cpu, AddressSpace parent, AddressSpace child, Area area) {
    long va = area.from();
    while (va < area.to()) {
      long slot = door.lookup(cpu, parent.mm().kernelPgdPa(), va);
      int level = EntrySlot.level(slot);
      long bytes = format.levelBytes(Math.max(2, level));
      long end = Math.min(area.to(), (va & -bytes) + bytes);
      boolean isCopied = true;
      if (level == 1) {
        isCopied = copyTable(cpu, parent, child, area, va, end);
      } else if (!services.entries().isEmpty(door.readEntry(cpu, EntrySlot.pa(slot)), level)) {
        isCopied = copyHuge(cpu, parent, child, va, slot);
      }
      if (!isCopied) {
        return -Errno.ENOMEM;
      }
      va = end;
    }
    return 0;
  }

  /** Models {@code copy_pte_range()}. */
  private boolean copyTable(
      Cpu cpu, AddressSpace parent, AddressSpace child, Area area, long from, long end) {
    long to = tables.make(cpu, child.mm(), from, 1);
    if (to == EntrySlot.NONE) {
      return false;
    }
    long source = tables.find(cpu, parent.mm(), from, 1);
    SpinLock childLock = tables.lock(child.mm(), to);
    SpinLock parentLock = tables.lock(parent.mm(), source);
    childLock.acquire(cpu);
    parentLock.acquire(cpu);
    batch.flushPending(cpu, parent);
    door.enterRun(cpu);
    for (long at = 0; at < (end - from) >>> services.pageShift(); at++) {
      long entry = share(cpu, EntrySlot.pa(source) + at * Long.BYTES, 1, area.isShared());
      if (!services.entries().isEmpty(entry, 1)) {
        door.writeEntry(cpu, EntrySlot.pa(to) + at * Long.BYTES, entry);
        addUser(entry);
      }
    }
    door.leaveRun(cpu);
    parentLock.release(cpu);
    childLock.release(cpu);
    return true;
  }

  /** Models {@code copy_huge_pmd()}. */
  private boolean copyHuge(Cpu cpu, AddressSpace parent, AddressSpace child, long va, long source) {
    long to = tables.make(cpu, child.mm(), va, 2);
    long deposit =
        to == EntrySlot.NONE ? TableAllocator.NONE : tables.allocateTable(cpu, child.mm(), 1);
    if (deposit == TableAllocator.NONE) {
      return false;
    }
    SpinLock childLock = tables.lock(child.mm(), to);
    SpinLock parentLock = tables.lock(parent.mm(), source);
    childLock.acquire(cpu);
    parentLock.acquire(cpu);
    long entry = share(cpu, EntrySlot.pa(source), 2, /* isShared= */ false);
    long pfn = services.pfn(entry, 2);
    services.frames().get(pfn);
    services.frames().map(pfn);
    tables.deposit(child.mm(), to, deposit);
    child.mm().tables().added(1);
    door.writeEntry(cpu, EntrySlot.pa(to), entry);
    parentLock.release(cpu);
    childLock.release(cpu);
    return true;
  }

  /** Takes the write permission of a private page in place; answers the entry for both. */
  private long share(Cpu cpu, long entryPa, int level, boolean isShared) {
    long old = door.readEntry(cpu, entryPa);
    while (true) {
      long shared = isShared ? old : readOnly(old, level);
      if (shared == old) {
        return old;
      }
      long before = door.compareAndExchange(cpu, entryPa, old, shared);
      if (before == old) {
        return shared;
      }
      old = before;
    }
  }

  private long readOnly(long entry, int level) {
    UserEntry entries = services.entries();
    return entries.isMigration(entry, level)
        ? entries.readOnlyMigration(entry, level)
        : entries.writeProtect(entry, level);
  }

  private void addUser(long entry) {
    long pfn = services.pfn(entry, 1);
    boolean isOnItsWay = services.entries().isMigration(entry, 1);
    if (!isOnItsWay && services.frames().isCounted(pfn)) {
      services.frames().get(pfn);
      services.frames().map(pfn);
    }
  }
}
