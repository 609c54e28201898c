package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.TableAllocator;

/**
 * Gives user mode the page that it touched. Models {@code handle_mm_fault()} with {@code
 * do_anonymous_page()}, {@code do_fault()} and {@code do_wp_page()} (mm/memory.c, Linux 7.0).
 */
final class PageFaults {
  /*
   * What Linux does: the area says whether the access is allowed; tables are made; the entry is
   * read without a lock, the page is prepared without a lock, and then the entry is looked at again
   * under the lock of its table. Whoever comes second throws its page away. A page that is shared
   * with another process, or belongs to a file, is copied before a private area writes to it: the
   * old translation is gone from every CPU before the new one stands in the table.
   *
   * What is left out: locks of single areas, faults around an address, userfaultfd, swap.
   */

  /** The fault has to be looked at again. */
  private static final int AGAIN = 1;

  /** Rounds that a fault may take because somebody else was faster. */
  private static final int ROUNDS_MAX = 1000;

  private final VmServices services;
  private final HugePages huge;
  private final SharedTables shared;
  private final Migration migration;
  private final PteFormat format;
  private final PageTables door;

  PageFaults(VmServices services, VmParts parts) {
    this.services = services;
    this.huge = parts.huge();
    this.shared = parts.shared();
    this.migration = parts.migration();
    this.format = services.format();
    this.door = services.door();
  }

  /**
   * Makes an access possible; may sleep.
   *
   * @param access bits of {@link Access}
   * @return 0, {@code -EFAULT} (SIGSEGV or SIGBUS) or {@code -ENOMEM}
   */
  int handle(Cpu cpu, AddressSpace space, long va, int access) {
    space.lock().acquireShared(cpu);
    int result = handleLocked(cpu, space, va, access);
    space.lock().releaseShared(cpu);
    return result;
  }

  /** The same with the lock of the areas held. */
  int handleLocked(Cpu cpu, AddressSpace space, long va, int access) {
    Area area = space.areas().find(va);
    if (area == null || !area.allows(access)) {
      return -Errno.EFAULT;
    }
    SharedTables.HugeFile file = area.hugeFile();
    if (file != null) {
      return shared.fault(cpu, space, area, va, file);
    }
    int result = AGAIN;
    for (int round = 0; result == AGAIN; round++) {
      assert round < ROUNDS_MAX : "fault at 0x" + Long.toHexString(va) + " goes round";
      result = once(cpu, space, area, va, Access.isWrite(access));
    }
    return result;
  }

  private int once(Cpu cpu, AddressSpace space, Area area, long va, boolean write) {
    Mm mm = space.mm();
    long middle = services.userTables().make(cpu, mm, va, 2);
    if (middle == EntrySlot.NONE) {
      return -Errno.ENOMEM;
    }
    long upper = door.readEntry(cpu, EntrySlot.pa(middle));
    if (!format.isTable(upper, 2)) {
      int done = huge.fault(cpu, space, area, va, middle, upper, write);
      if (done != HugePages.USE_SMALL) {
        return done;
      }
      if (services.userTables().make(cpu, mm, va, 1) == EntrySlot.NONE) {
        boolean isStillEmpty = door.peek(EntrySlot.pa(middle)) == format.empty(2);
        return isStillEmpty ? -Errno.ENOMEM : AGAIN;
      }
      upper = door.readEntry(cpu, EntrySlot.pa(middle));
      if (!format.isTable(upper, 2)) {
        return AGAIN;
      }
    }
    long entry = door.readEntry(cpu, format.entryPa(format.pa(upper, 2), va, 1));
    if (services.entries().isMigration(entry, 1)) {
      migration.await(cpu, services.pfn(entry, 1));
      return AGAIN;
    }
    if (!services.entries().isEmpty(entry, 1)) {
      return present(cpu, space, area, va, middle, entry, write);
    }
    return area.isAnonymous()
        ? anonymous(cpu, space, area, va, middle, write)
        : ofFile(cpu, space, area, va, middle, write);
  }

  // ---- nothing is mapped yet

  private int anonymous(
      Cpu cpu, AddressSpace space, Area area, long va, long middle, boolean write) {
    if (!write) {
      long zeroPa = services.zeroPfn() << services.pageShift();
      long leaf = services.entries().leaf(1, zeroPa, area.access(), /* writable= */ false);
      return install(cpu, space, va, middle, leaf) ? 0 : AGAIN;
    }
    long pfn = services.allocateAnonymous(cpu, space, 0);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    return installAnonymous(cpu, space, area, va, middle, pfn);
  }

  private int installAnonymous(
      Cpu cpu, AddressSpace space, Area area, long va, long middle, long pfn) {
    long index = area.index(va, services.pageShift());
    services.frames().setUsers(pfn, services.family(space, area), index);
    long leaf =
        services.entries().leaf(1, pfn << services.pageShift(), area.access(), area.isWritable());
    services.frames().map(pfn);
    if (install(cpu, space, va, middle, leaf)) {
      return 0;
    }
    services.frames().unmap(pfn);
    services.frames().put(cpu, pfn);
    return AGAIN;
  }

  private int ofFile(Cpu cpu, AddressSpace space, Area area, long va, long middle, boolean write) {
    long found = area.backing().fault(cpu, area.index(va, services.pageShift()));
    if (found < 0) {
      return (int) found;
    }
    Frames frames = services.frames();
    boolean isCounted = frames.isCounted(found);
    if (write && area.copiesOnWrite()) {
      long pfn = services.allocateAnonymous(cpu, space, 0);
      if (pfn != PageAllocator.NONE) {
        services.copyPage(cpu, pfn, found);
      }
      if (isCounted) {
        frames.put(cpu, found);
      }
      return pfn == PageAllocator.NONE
          ? -Errno.ENOMEM
          : installAnonymous(cpu, space, area, va, middle, pfn);
    }
    long leaf = services.entries().leaf(1, found << services.pageShift(), area.access(), write);
    if (isCounted) {
      frames.map(found);
    }
    if (install(cpu, space, va, middle, leaf)) {
      return 0;
    }
    if (isCounted) {
      frames.unmap(found);
      frames.put(cpu, found);
    }
    return AGAIN;
  }

  /** Writes a leaf into an entry that is still empty; false when it is not. */
  private boolean install(Cpu cpu, AddressSpace space, long va, long middle, long leaf) {
    Mm mm = space.mm();
    long tablePa = services.userTables().lockTable(cpu, mm, middle);
    if (tablePa == TableAllocator.NONE) {
      return false;
    }
    long entryPa = format.entryPa(tablePa, va, 1);
    boolean isEmpty = services.entries().isEmpty(door.readEntry(cpu, entryPa), 1);
    if (isEmpty) {
      door.writeEntry(cpu, entryPa, leaf);
      services.becamePresent(cpu, va);
    }
    services.userTables().unlockTable(cpu, mm, tablePa);
    return isEmpty;
  }

  // ---- something is mapped

  private int present(
      Cpu cpu, AddressSpace space, Area area, long va, long middle, long seen, boolean write) {
    Mm mm = space.mm();
    long tablePa = services.userTables().lockTable(cpu, mm, middle);
    if (tablePa == TableAllocator.NONE) {
      return AGAIN;
    }
    long entryPa = format.entryPa(tablePa, va, 1);
    long entry = door.readEntry(cpu, entryPa);
    int result = AGAIN;
    if (entry == seen && write && !services.entries().isWritable(entry, 1)) {
      if (mayWriteInPlace(cpu, area, entry)) {
        makeWritable(cpu, mm, va, entryPa);
        result = 0;
      } else {
        return copy(cpu, space, area, va, middle, tablePa, entry);
      }
    } else if (entry == seen) {
      door.compareAndSet(cpu, entryPa, entry, services.entries().makeYoung(entry, 1, write));
      services.allowsMore(cpu, mm, va, 1);
      result = 0;
    }
    services.userTables().unlockTable(cpu, mm, tablePa);
    return result;
  }

  private void makeWritable(Cpu cpu, Mm mm, long va, long entryPa) {
    long old = door.readEntry(cpu, entryPa);
    while (!door.compareAndSet(cpu, entryPa, old, services.entries().makeWritable(old, 1))) {
      old = door.readEntry(cpu, entryPa);
    }
    services.allowsMore(cpu, mm, va, 1);
  }

  /**
   * Whether a write needs no copy: the area shares its pages, or nobody else has this one. Models
   * {@code wp_can_reuse_anon_folio()}.
   */
  private boolean mayWriteInPlace(Cpu cpu, Area area, long entry) {
    if (area.isShared()) {
      return true;
    }
    long pfn = services.pfn(entry, 1);
    Frames frames = services.frames();
    PageUsers users = frames.users(pfn);
    boolean isAnonymous = users != null && users.file() == null;
    return isAnonymous && frames.hasOneUse(cpu, pfn);
  }

  /** Replaces a page by a copy. Models {@code wp_page_copy()}; called with the table locked. */
  private int copy(
      Cpu cpu, AddressSpace space, Area area, long va, long middle, long lockedTable, long seen) {
    Frames frames = services.frames();
    Mm mm = space.mm();
    long old = services.pfn(seen, 1);
    boolean isCounted = frames.isCounted(old);
    if (isCounted) {
      frames.get(old);
    }
    services.userTables().unlockTable(cpu, mm, lockedTable);
    long pfn = services.allocateAnonymous(cpu, space, 0);
    int result = -Errno.ENOMEM;
    if (pfn != PageAllocator.NONE) {
      if (old != services.zeroPfn()) {
        services.copyPage(cpu, pfn, old);
      }
      boolean isReplaced = replace(cpu, space, area, va, middle, seen, pfn);
      result = isReplaced ? 0 : AGAIN;
      if (isReplaced && isCounted) {
        frames.put(cpu, old);
      }
    }
    if (isCounted) {
      frames.put(cpu, old);
    }
    return result;
  }

  private boolean replace(
      Cpu cpu, AddressSpace space, Area area, long va, long middle, long seen, long pfn) {
    Frames frames = services.frames();
    Mm mm = space.mm();
    long tablePa = services.userTables().lockTable(cpu, mm, middle);
    boolean isSame = false;
    if (tablePa != TableAllocator.NONE) {
      long entryPa = format.entryPa(tablePa, va, 1);
      isSame = door.readEntry(cpu, entryPa) == seen;
      if (isSame) {
        long old = services.exchange(cpu, EntrySlot.of(entryPa, 1), format.empty(1));
        services.flushPage(cpu, mm, va, 1);
        long index = area.index(va, services.pageShift());
        frames.setUsers(pfn, services.family(space, area), index);
        frames.map(pfn);
        long leaf =
            services
                .entries()
                .leaf(1, pfn << services.pageShift(), area.access(), area.isWritable());
        door.writeEntry(cpu, entryPa, leaf);
        services.becamePresent(cpu, va);
        if (frames.isCounted(services.pfn(old, 1))) {
          frames.unmap(services.pfn(old, 1));
        }
      }
      services.userTables().unlockTable(cpu, mm, tablePa);
    }
    if (!isSame) {
      frames.put(cpu, pfn);
    }
    return isSame;
  }
}
