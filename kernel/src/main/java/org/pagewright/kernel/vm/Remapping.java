package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.TableAllocator;

/**
 * Moves mapped pages to other addresses. Models {@code move_page_tables()} and {@code move_ptes()}
 * (mm/mremap.c, Linux 7.0).
 */
public class Remapping {
  /*
   * What Linux does: entries go one by one from one table to the other under both locks. A page is
   * kept alive by its entry: as soon as the locks are free somebody else may find the entry at its
   * new place, unmap it and free the page. So translations of the old place are flushed before
   * either lock is released.
   *
   * What is left out: moving whole middle tables at once.
   */

  private final VmServices services;
  private final BatchedFlush batch;
  private final HugePages huge;
  private final UserTables tables;
  private final PageTables door;
  private final PteFormat format;

  /** Moves pages of one kernel. */
  public Remapping(VmServices services, BatchedFlush batch, HugePages huge) {
    this.services = services;
    this.batch = batch;
    this.huge = huge;
    this.tables = services.userTables();
    this.door = services.door();
    this.format = services.format();
  }

  /**
   * Moves what is mapped in a range; both ranges have areas.
   *
   * @return bytes moved: fewer than asked when a table could not be had
   */
  long move(Cpu cpu, Mm mm, long from, long to, long bytes) {
    long done = 0;
    while (done < bytes) {
      long va = from + done;
      long slot = door.lookup(cpu, mm.kernelPgdPa(), va);
      int level = EntrySlot.level(slot);
      long span = format.levelBytes(Math.max(2, level));
      long piece = Math.min(bytes - done, (va & -span) + span - va);
      if (level > 1 && services.entries().isEmpty(door.readEntry(cpu, EntrySlot.pa(slot)), level)) {
        done += piece;
        continue;
      }
      boolean isWhole = piece == span && (to + done & span - 1) == 0;
      if (level > 1 && !isWhole) {
        huge.split(cpu, mm, va);
        continue;
      }
      long targetSpan = format.levelBytes(2);
      long target = to + done;
      piece = Math.min(piece, (target & -targetSpan) + targetSpan - target);
      boolean isMoved =
          level == 1
              ? moveEntries(cpu, mm, va, target, piece)
              : moveHuge(cpu, mm, slot, va, target);
      if (!isMoved) {
        return done;
      }
      done += piece;
    }
    return done;
  }

  private boolean moveEntries(Cpu cpu, Mm mm, long from, long to, long bytes) {
    long target = tables.make(cpu, mm, to, 1);
    if (target == EntrySlot.NONE) {
      return false;
    }
    long source = tables.find(cpu, mm, from, 1);
    Locks locks = lock(cpu, mm, source, target);
    batch.flushPending(cpu, AddressSpace.of(mm));
    boolean moved = false;
    door.enterRun(cpu);
    for (long at = 0; at < (bytes >>> services.pageShift()); at++) {
      long entryPa = EntrySlot.pa(source) + at * Long.BYTES;
      if (services.entries().isEmpty(door.readEntry(cpu, entryPa), 1)) {
        continue;
      }
      long entry = services.exchange(cpu, EntrySlot.of(entryPa, 1), format.empty(1));
      door.writeEntry(cpu, EntrySlot.pa(target) + at * Long.BYTES, entry);
      services.becamePresent(cpu, to + (at << services.pageShift()));
      moved = true;
    }
    door.leaveRun(cpu);
    end(cpu, mm, locks, moved ? from : 0, moved ? from + bytes : 0, services.pageShift());
    return true;
  }

  /** Models {@code move_huge_pmd()}: the deposited table goes along. */
  private boolean moveHuge(Cpu cpu, Mm mm, long source, long from, long to) {
    long target = tables.make(cpu, mm, to, 2);
    if (target == EntrySlot.NONE) {
      return false;
    }
    Locks locks = lock(cpu, mm, source, target);
    long deposit = tables.withdraw(mm, source);
    assert deposit != TableAllocator.NONE : "nothing was deposited behind the leaf";
    long entry = services.exchange(cpu, source, format.empty(2));
    tables.deposit(mm, target, deposit);
    door.writeEntry(cpu, EntrySlot.pa(target), entry);
    services.becamePresent(cpu, to);
    end(cpu, mm, locks, from, from + huge.bytes(), format.level(2).shift());
    return true;
  }

  /** Both locks of a move; they may be one. */
  protected record Locks(SpinLock source, SpinLock target) {}

  private Locks lock(Cpu cpu, Mm mm, long source, long target) {
    Locks locks = new Locks(tables.lock(mm, source), tables.lock(mm, target));
    locks.source().acquire(cpu);
    if (locks.source() != locks.target()) {
      locks.target().acquire(cpu);
    }
    return locks;
  }

  /** Ends a move: the range is flushed, then the locks are free. Nothing moved if it is empty. */
  protected void end(Cpu cpu, Mm mm, Locks locks, long from, long to, int strideShift) {
    flush(cpu, mm, from, to, strideShift);
    unlock(cpu, locks);
  }

  /** Drops translations of the old place. */
  protected final void flush(Cpu cpu, Mm mm, long from, long to, int strideShift) {
    if (from < to) {
      services
          .shootdown()
          .flushMmRange(cpu, mm.tlb(), from, to, strideShift, /* freedTables= */ false);
    }
  }

  /** Releases both locks. */
  protected final void unlock(Cpu cpu, Locks locks) {
    if (locks.source() != locks.target()) {
      locks.target().release(cpu);
    }
    locks.source().release(cpu);
  }

  /**
   * The result of a system call whose move failed and was undone. Who looks for users of a page
   * meets the new area after the old one, so only this way back could be missed. Models {@code
   * need_rmap_locks} of {@code move_page_tables()}.
   */
  int undo(Cpu cpu, Mm mm, Area area, long from, long to, long moved) {
    area.allUsers().forEach(users -> users.beginMove(cpu));
    long back = move(cpu, mm, to, from, moved);
    area.allUsers().forEach(PageUsers::endMove);
    assert back == moved : "the tables of the old place are still there";
    return -Errno.ENOMEM;
  }
}
