package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.gather.MmuGather;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.EntrySlot;

/** Changes the protection of what is mapped. Models {@code change_protection()} (mm/mprotect.c). */
final class Protection {
  private final VmServices services;
  private final BatchedFlush batch;
  private final HugePages huge;
  private final PteFormat format;

  Protection(VmServices services, BatchedFlush batch, HugePages huge) {
    this.services = services;
    this.batch = batch;
    this.huge = huge;
    this.format = services.format();
  }

  /** Gives every page of a part of an area the protection that the area has. */
  void apply(Cpu cpu, AddressSpace space, Area area, MmuGather gather) {
    apply(cpu, space, area, gather, (entry, level) -> wanted(cpu, area, entry, level));
  }

  /** Marks the pages of a range as clean. Models {@code madvise_free_pte_range()}. */
  void clean(Cpu cpu, AddressSpace space, Area area, MmuGather gather) {
    UserEntry entries = services.entries();
    apply(cpu, space, area, gather, (entry, level) -> entries.makeClean(entry, level));
  }

  /** What becomes of one leaf. */
  @FunctionalInterface
  interface Change {
    long of(long entry, int level);
  }

  void apply(Cpu cpu, AddressSpace space, Area part, MmuGather gather, Change change) {
    Mm mm = space.mm();
    long va = part.from();
    while (va < part.to()) {
      long slot = services.door().lookup(cpu, mm.kernelPgdPa(), va);
      int level = EntrySlot.level(slot);
      if (level == 1) {
        va = changeTable(cpu, space, part, va, gather, change);
        continue;
      }
      long bytes = format.levelBytes(level);
      long first = va & -bytes;
      long entry = services.door().readEntry(cpu, EntrySlot.pa(slot));
      boolean isWhole = first == va && first + bytes <= part.to();
      if (!services.entries().isEmpty(entry, level) && !isWhole) {
        huge.split(cpu, mm, va);
        continue;
      }
      if (!services.entries().isEmpty(entry, level)) {
        changeHuge(cpu, space, va, slot, gather, change);
      }
      va = first + bytes;
    }
  }

  private long changeTable(
      Cpu cpu, AddressSpace space, Area part, long from, MmuGather gather, Change change) {
    Mm mm = space.mm();
    long tableEnd = (from & -format.levelBytes(2)) + format.levelBytes(2);
    long end = Math.min(part.to(), tableEnd);
    long first = services.userTables().find(cpu, mm, from, 1);
    SpinLock lock = services.userTables().lock(mm, first);
    lock.acquire(cpu);
    batch.flushPending(cpu, space);
    services.door().enterRun(cpu);
    for (long va = from; va < end; va += services.pageBytes()) {
      long at = ((va - from) >>> services.pageShift()) * Long.BYTES;
      changeEntry(cpu, EntrySlot.pa(first) + at, 1, va, gather, change);
    }
    services.door().leaveRun(cpu);
    lock.release(cpu);
    return end;
  }

  private void changeHuge(
      Cpu cpu, AddressSpace space, long va, long slot, MmuGather gather, Change change) {
    SpinLock lock = services.userTables().lock(space.mm(), slot);
    lock.acquire(cpu);
    batch.flushPending(cpu, space);
    changeEntry(cpu, EntrySlot.pa(slot), EntrySlot.level(slot), va, gather, change);
    lock.release(cpu);
  }

  /** The hardware may set accessed and dirty bits while we look: they are not lost. */
  private void changeEntry(
      Cpu cpu, long entryPa, int level, long va, MmuGather gather, Change change) {
    long old = services.door().readEntry(cpu, entryPa);
    while (!services.entries().isEmpty(old, level)) {
      long changed = change.of(old, level);
      if (changed == old) {
        return;
      }
      long before = services.door().compareAndExchange(cpu, entryPa, old, changed);
      if (before == old) {
        if (services.entries().needsFlush(old, changed, level)) {
          gather.clearedRange(va, format.levelBytes(level), level);
        }
        return;
      }
      old = before;
    }
  }

  private long wanted(Cpu cpu, Area area, long entry, int level) {
    if (services.entries().isMigration(entry, level)) {
      return services.entries().readOnlyMigration(entry, level);
    }
    boolean mayWrite = area.isWritable() && mayWriteInPlace(cpu, area, entry, level);
    return services.entries().modify(entry, level, area.access(), mayWrite);
  }

  /**
   * Whether a page may be made writable without a fault. Models {@code can_change_pte_writable()}:
   * a private page that is nobody else's, or a shared one that is dirty already.
   */
  private boolean mayWriteInPlace(Cpu cpu, Area area, long entry, int level) {
    if (area.isShared()) {
      return services.entries().isDirty(entry, level);
    }
    long pfn = services.pfn(entry, level);
    Frames frames = services.frames();
    PageUsers users = frames.users(pfn);
    return users != null && users.file() == null && frames.hasOneUse(cpu, pfn);
  }
}
