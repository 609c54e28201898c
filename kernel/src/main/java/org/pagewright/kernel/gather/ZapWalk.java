package org.pagewright.kernel.gather;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.TableAllocator;

/**
 * Clears leaves, and takes out lowest tables that this empties. Models {@code zap_pud_range()},
 * {@code zap_huge_pmd()}, {@code zap_pte_range()} (mm/memory.c) and PT_RECLAIM (mm/pt_reclaim.c).
 */
final class ZapWalk {
  /*
   * A lowest table that the range covers is emptied under its lock. If nothing made us let go of
   * the lock and no entry was kept, it is known to be empty: the table above is locked at once, if
   * that lock is free, and the table taken out (the fast way). Otherwise both locks are taken in
   * their usual order and every entry is looked at again (the slow way).
   */

  /** Entries between two looks whether another task waits. */
  private static final int ENTRIES_PER_LOOK = 32;

  private final PageTables door;
  private final PteFormat format;
  private final ReclaimRules rules;
  private long reclaimedFast;
  private long reclaimedSlowly;

  ZapWalk(PageTables door, ReclaimRules rules) {
    this.door = door;
    this.format = door.format();
    this.rules = rules;
  }

  /** Begins a zap; {@link Zap#descend} does it. */
  Zap begin(UserTables tables, Cpu cpu, MmuGather gather, ZapLeaves leaves, boolean reclaims) {
    return new Zap(tables, cpu, gather, leaves, reclaims && rules.isOn());
  }

  /** Lowest tables taken out in the fast way. */
  long reclaimedFast() {
    return reclaimedFast;
  }

  /** Lowest tables taken out in the slow way. */
  long reclaimedSlowly() {
    return reclaimedSlowly;
  }

  /** One call. */
  final class Zap {
    private final UserTables tables;
    private final Cpu cpu;
    private final MmuGather gather;
    private final Mm mm;
    private final ZapLeaves leaves;
    private final boolean reclaims;

    /** What the last pass over a table met. */
    private boolean keptSomething;

    private boolean mustFlush;
    private boolean isFull;
    private boolean isTakenOut;

    Zap(UserTables tables, Cpu cpu, MmuGather gather, ZapLeaves leaves, boolean reclaims) {
      this.tables = tables;
      this.cpu = cpu;
      this.gather = gather;
      this.mm = gather.mm();
      this.leaves = leaves;
      this.reclaims = reclaims;
    }

    /** Clears the leaves of {@code [from, to)} below a table. */
    void descend(long tablePa, int level, long from, long to) {
      long span = format.levelBytes(level);
      for (long va = from; va < to; va = (va & -span) + span) {
        long last = Math.min((va & -span) + span, to);
        long slot = EntrySlot.of(format.entryPa(tablePa, va, level), level);
        visit(slot, va, last);
      }
    }

    private void visit(long slot, long from, long to) {
      int level = EntrySlot.level(slot);
      long entry = door.readEntry(cpu, EntrySlot.pa(slot));
      if (entry == format.empty(level)) {
        return;
      }
      if (!format.isTable(entry, level)) {
        if (to - from == format.levelBytes(level)) {
          clearHuge(slot, from);
          return;
        }
        if (!leaves.split(cpu, mm, from, level)) {
          return;
        }
        entry = door.readEntry(cpu, EntrySlot.pa(slot));
      }
      if (!format.isTable(entry, level)) {
        return;
      }
      if (level > 2) {
        descend(format.pa(entry, level), level - 1, from, to);
      } else {
        clearLowest(slot, from, to);
      }
    }

    // ---- a huge leaf

    private void clearHuge(long slot, long va) {
      int level = EntrySlot.level(slot);
      SpinLock lock = tables.lock(mm, slot);
      lock.acquire(cpu);
      long entry = door.readEntry(cpu, EntrySlot.pa(slot));
      boolean isLeaf = entry != format.empty(level) && !format.isTable(entry, level);
      if (!isLeaf || leaves.keeps(va, entry, level)) {
        lock.release(cpu);
        return;
      }
      boolean isFullNow = clear(EntrySlot.pa(slot), va, entry, level);
      long deposited = level == 2 ? tables.withdraw(mm, slot) : TableAllocator.NONE;
      if (deposited != TableAllocator.NONE) {
        mm.tables().removed(1);
        tables.freeTable(cpu, mm, deposited, 1);
      }
      if (mustFlush) {
        mustFlush = false;
        gather.flushUnderLock(cpu);
      }
      lock.release(cpu);
      if (isFullNow) {
        gather.flush(cpu);
      }
    }

    /** Clears one leaf under its lock; true when the gather is full. */
    private boolean clear(long entryPa, long va, long seen, int level) {
      long old = exchange(entryPa, seen, level);
      gather.clearedRange(va, format.levelBytes(level), level);
      int what = leaves.removed(cpu, mm, va, old, level);
      mustFlush |= (what & ZapLeaves.FLUSH_FIRST) != 0;
      if ((what & ZapLeaves.GATHER) == 0) {
        return false;
      }
      long pfn = door.leafPa(old, level) >>> format.pageShift();
      return gather.removePage(cpu, pfn, format.level(level).shift() - format.pageShift());
    }

    /** Models {@code ptep_get_and_clear()}: hardware may set bits until the last moment. */
    private long exchange(long entryPa, long seen, int level) {
      long expected = seen;
      while (true) {
        long found = door.compareAndExchange(cpu, entryPa, expected, format.empty(level));
        if (found == expected) {
          return found;
        }
        expected = found;
      }
    }

    // ---- a lowest table

    private void clearLowest(long parentSlot, long from, long to) {
      long covered = to - from;
      boolean mayTakeOut = reclaims && covered == format.levelBytes(2);
      long va = from;
      boolean letGo = false;
      isTakenOut = false;
      long takenPa = TableAllocator.NONE;
      while (va < to) {
        long tablePa = tables.lockTable(cpu, mm, parentSlot);
        if (tablePa == TableAllocator.NONE) {
          return;
        }
        leaves.tableLocked(cpu, mm);
        door.enterRun(cpu);
        va = clearEntries(tablePa, va, to);
        door.leaveRun(cpu);
        letGo |= va < to;
        mayTakeOut &= !keptSomething;
        boolean isKnownEmpty = !letGo || !rules.recheck();
        if (mayTakeOut && va == to && isKnownEmpty) {
          isTakenOut = takeOutFast(parentSlot, tablePa);
          takenPa = tablePa;
        }
        if (mustFlush) {
          mustFlush = false;
          gather.flushUnderLock(cpu);
        }
        tables.unlockTable(cpu, mm, tablePa);
        if (isFull) {
          isFull = false;
          gather.flush(cpu);
        }
      }
      if (mayTakeOut && !isTakenOut) {
        takenPa = takeOutSlowly(parentSlot);
        isTakenOut = takenPa != TableAllocator.NONE;
      }
      if (isTakenOut) {
        boolean saysEnd = rules.flushAt() == ReclaimRules.FlushAt.END;
        gather.freeTable(cpu, takenPa, 1, saysEnd ? to : from);
      }
    }

    /** Clears entries under the table's lock; answers where it stopped. */
    private long clearEntries(long tablePa, long from, long to) {
      long page = format.pageBytes();
      keptSomething = false;
      int sinceLook = 0;
      for (long va = from; va < to; va += page) {
        if (sinceLook >= ENTRIES_PER_LOOK) {
          sinceLook = 0;
          if (tables.reschedule().isNeeded(cpu)) {
            return va;
          }
        }
        sinceLook++;
        long entryPa = format.entryPa(tablePa, va, 1);
        long entry = door.readEntry(cpu, entryPa);
        if (entry == format.empty(1)) {
          continue;
        }
        if (leaves.keeps(va, entry, 1)) {
          keptSomething = true;
        } else if (clear(entryPa, va, entry, 1)) {
          isFull = true;
          return va + page;
        }
      }
      return to;
    }

    // ---- PT_RECLAIM

    /** The table's lock is held; the one above it may be missed. */
    private boolean takeOutFast(long parentSlot, long tablePa) {
      SpinLock lower = tables.lock(mm, EntrySlot.of(tablePa, 1));
      SpinLock upper = tables.lock(mm, parentSlot);
      boolean isShared = lower == upper;
      if (isShared && rules.sparesSharedLock()) {
        unhook(parentSlot);
        reclaimedFast++;
        return true;
      }
      if (!upper.tryAcquire(cpu)) {
        return false;
      }
      unhook(parentSlot);
      upper.release(cpu);
      reclaimedFast++;
      return true;
    }

    private long takeOutSlowly(long parentSlot) {
      SpinLock upper = tables.lock(mm, parentSlot);
      upper.acquire(cpu);
      long entry = door.readEntry(cpu, EntrySlot.pa(parentSlot));
      if (!format.isTable(entry, 2)) {
        upper.release(cpu);
        return TableAllocator.NONE;
      }
      long tablePa = format.pa(entry, 2);
      SpinLock lower = tables.lock(mm, EntrySlot.of(tablePa, 1));
      boolean isShared = lower == upper;
      if (!isShared) {
        lower.acquire(cpu);
      }
      boolean isEmpty = isEmpty(tablePa);
      if (isEmpty) {
        unhook(parentSlot);
        reclaimedSlowly++;
      }
      if (!isShared) {
        lower.release(cpu);
      }
      upper.release(cpu);
      return isEmpty ? tablePa : TableAllocator.NONE;
    }

    private boolean isEmpty(long tablePa) {
      for (long i = 0; i < format.level(1).entries(); i++) {
        if (door.readEntry(cpu, tablePa + i * Long.BYTES) != format.empty(1)) {
          return false;
        }
      }
      return true;
    }

    private void unhook(long parentSlot) {
      long tablePa = tables.unhook(cpu, mm, parentSlot);
      assert tablePa != TableAllocator.NONE : parentSlot;
    }
  }
}
