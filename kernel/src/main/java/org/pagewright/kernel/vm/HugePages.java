package org.pagewright.kernel.vm;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.TableAllocator;

/**
 * Huge pages of anonymous memory: mapped by a fault, split into small entries, collapsed from small
 * pages. Models {@code do_huge_pmd_anonymous_page()}, {@code __split_huge_pmd()} (mm/huge_memory.c)
 * and {@code collapse_huge_page()} (mm/khugepaged.c), Linux 7.0.
 */
public class HugePages {
  /*
   * What Linux does: behind each huge leaf a lowest table is kept, so that splitting never has to
   * allocate. A split makes the leaf invalid, flushes, and puts the table in its place; the page
   * stays one block. A collapse takes the lowest table out, flushes, waits for walkers that hold
   * no lock, copies what the small pages held, and deposits the table behind the new huge leaf,
   * from where it may become another table at any time.
   *
   * What is left out: the huge zero page, huge pages of files, collapse of shared pages, deferred
   * splits, sizes between a page and a huge page.
   */

  /** The caller maps a small page. */
  static final int USE_SMALL = 2;

  private final VmServices services;
  private final UserTables tables;
  private final PageTables door;
  private final PteFormat format;
  private final int order;
  private final long bytes;

  /** Huge pages of the size of a leaf of the second level. */
  public HugePages(VmServices services) {
    this.services = services;
    this.tables = services.userTables();
    this.door = services.door();
    this.format = services.format();
    this.order = format.level(2).shift() - format.pageShift();
    this.bytes = format.levelBytes(2);
  }

  /** Whether faults map huge pages: the allocator must have blocks of that order. */
  boolean isOn() {
    return services.config().hugePages() && order <= Zone.MAX_ORDER && format.isLeafLevel(2);
  }

  /** Size of a huge page. */
  long bytes() {
    return bytes;
  }

  // ---- faults

  /** Handles a fault where no lowest table stands; {@link #USE_SMALL} when a small page will do. */
  int fault(Cpu cpu, AddressSpace space, Area area, long va, long slot, long entry, boolean write) {
    if (!services.entries().isEmpty(entry, 2)) {
      return present(cpu, space, area, va, slot, entry, write);
    }
    long first = va & -bytes;
    boolean fits = first >= area.from() && first + bytes <= area.to();
    if (!isOn() || !write || !fits || !area.isAnonymous()) {
      return USE_SMALL;
    }
    long pfn = services.allocateAnonymous(cpu, space, order);
    if (pfn == PageAllocator.NONE) {
      return USE_SMALL;
    }
    Mm mm = space.mm();
    long deposit = tables.allocateTable(cpu, mm, 1);
    if (deposit == TableAllocator.NONE) {
      services.frames().put(cpu, pfn);
      return -Errno.ENOMEM;
    }
    long index = area.index(first, services.pageShift());
    services.frames().setUsers(pfn, services.family(space, area), index);
    SpinLock lock = tables.lock(mm, slot);
    lock.acquire(cpu);
    boolean isFirst = door.readEntry(cpu, EntrySlot.pa(slot)) == format.empty(2);
    if (isFirst) {
      install(cpu, mm, slot, leaf(area, pfn), deposit);
      services.becamePresent(cpu, va);
    }
    lock.release(cpu);
    if (!isFirst) {
      tables.freeTable(cpu, mm, deposit, 1);
      services.frames().put(cpu, pfn);
    }
    return 0;
  }

  private long leaf(Area area, long pfn) {
    return services
        .entries()
        .leaf(2, pfn << services.pageShift(), area.access(), area.isWritable());
  }

  /** Maps a huge page and keeps a table behind it; the entry's lock is held. */
  void install(Cpu cpu, Mm mm, long slot, long leaf, long deposit) {
    services.frames().map(services.pfn(leaf, 2));
    tables.deposit(mm, slot, deposit);
    mm.tables().added(1);
    door.writeEntry(cpu, EntrySlot.pa(slot), leaf);
  }

  /** Models {@code do_huge_pmd_wp_page()}: a page that others have is split and copied in part. */
  private int present(
      Cpu cpu, AddressSpace space, Area area, long va, long slot, long seen, boolean write) {
    Mm mm = space.mm();
    SpinLock lock = tables.lock(mm, slot);
    lock.acquire(cpu);
    long current = door.readEntry(cpu, EntrySlot.pa(slot));
    boolean mustSplit = false;
    if (current == seen) {
      boolean upgrades = write && !services.entries().isWritable(current, 2);
      mustSplit = upgrades && !isOurs(cpu, current);
      if (!mustSplit) {
        long wanted =
            upgrades
                ? services.entries().makeWritable(current, 2)
                : services.entries().makeYoung(current, 2, write);
        door.compareAndSet(cpu, EntrySlot.pa(slot), current, wanted);
        services.allowsMore(cpu, mm, va, 2);
      }
    }
    lock.release(cpu);
    if (mustSplit) {
      split(cpu, mm, va);
      return USE_SMALL;
    }
    assert area.contains(va) : area;
    return 0;
  }

  private boolean isOurs(Cpu cpu, long entry) {
    return services.frames().hasOneUse(cpu, services.pfn(entry, 2));
  }

  // ---- split

  /**
   * Puts the deposited table in the place of the huge leaf at {@code va}.
   *
   * @return whether no huge leaf stands there any more
   */
  boolean split(Cpu cpu, Mm mm, long va) {
    long slot = tables.find(cpu, mm, va, 2);
    if (slot == EntrySlot.NONE) {
      return true;
    }
    SpinLock lock = tables.lock(mm, slot);
    lock.acquire(cpu);
    long entry = door.readEntry(cpu, EntrySlot.pa(slot));
    if (services.entries().isEmpty(entry, 2) || format.isTable(entry, 2)) {
      lock.release(cpu);
      return true;
    }
    long table = tables.withdraw(mm, slot);
    assert table != TableAllocator.NONE : "nothing was deposited behind the leaf";
    long hidden = services.entries().hide(entry, 2);
    long old = services.exchange(cpu, slot, hidden);
    services.flushPage(cpu, mm, va, 2);
    int parts = 1 << order;
    for (int i = 0; i < parts; i++) {
      door.writeUnpublished(cpu, table + (long) i * Long.BYTES, services.entries().part(old, 2, i));
    }
    long pfn = services.pfn(old, 2);
    if (services.frames().isCounted(pfn)) {
      services.frames().add(pfn, parts - 1);
      services.frames().addMaps(pfn, parts - 1);
    }
    mm.tables().removed(1);
    tables.populate(cpu, mm, slot, table);
    lock.release(cpu);
    return true;
  }

  // ---- collapse

  /**
   * Joins the small pages around an address in a huge one; may sleep. Models {@code MADV_COLLAPSE}.
   *
   * @return 0, {@code -EINVAL} where it cannot be done, {@code -ENOMEM}, {@code -EBUSY} when
   *     somebody else has one of the pages
   */
  int collapse(Cpu cpu, AddressSpace space, long va) {
    long first = va & -bytes;
    long pfn = isOn() ? services.allocateAnonymous(cpu, space, order) : PageAllocator.NONE;
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    space.lock().acquire(cpu);
    Area area = space.areas().find(va);
    boolean fits =
        area != null && area.isAnonymous() && first >= area.from() && first + bytes <= area.to();
    int result = area != null && fits ? collapse(cpu, space, area, first, pfn) : -Errno.EINVAL;
    space.lock().release(cpu);
    if (result != 0) {
      services.frames().put(cpu, pfn);
    }
    return result;
  }

  private int collapse(Cpu cpu, AddressSpace space, Area area, long first, long pfn) {
    Mm mm = space.mm();
    long slot = tables.find(cpu, mm, first, 2);
    if (slot == EntrySlot.NONE || !format.isTable(door.readEntry(cpu, EntrySlot.pa(slot)), 2)) {
      return -Errno.EINVAL;
    }
    SpinLock lock = tables.lock(mm, slot);
    lock.acquire(cpu);
    long table = tables.unhook(cpu, mm, slot);
    lock.release(cpu);
    services
        .shootdown()
        .flushMmRange(
            cpu, mm.tlb(), first, first + bytes, services.pageShift(), /* freedTables= */ true);
    synchroniseWalkers(cpu);
    boolean isOurs = ownsAll(cpu, table);
    if (isOurs) {
      moveContents(cpu, table, pfn);
      services
          .frames()
          .setUsers(pfn, services.family(space, area), area.index(first, services.pageShift()));
    }
    lock.acquire(cpu);
    if (isOurs) {
      install(cpu, mm, slot, leaf(area, pfn), table);
      services.becamePresent(cpu, first);
    } else {
      tables.populate(cpu, mm, slot, table);
    }
    lock.release(cpu);
    return isOurs ? 0 : -Errno.EBUSY;
  }

  /**
   * Waits for walkers that hold no lock: the table is about to be emptied and used again. Models
   * {@code tlb_remove_table_sync_one()}.
   */
  protected void synchroniseWalkers(Cpu cpu) {
    services.grace().interruptOthers(cpu);
  }

  /** Whether every page is this process's alone. Models the checks of the isolation. */
  private boolean ownsAll(Cpu cpu, long table) {
    for (int i = 0; i < 1 << order; i++) {
      long entry = door.readEntry(cpu, table + (long) i * Long.BYTES);
      if (services.entries().isEmpty(entry, 1) || services.pfn(entry, 1) == services.zeroPfn()) {
        continue;
      }
      long small = services.pfn(entry, 1);
      PageUsers users = services.frames().users(small);
      boolean isOurs =
          users != null
              && users.file() == null
              && services.frames().order(small) == 0
              && services.frames().hasOneUse(cpu, small);
      if (!isOurs) {
        return false;
      }
    }
    return true;
  }

  /** Nobody can reach the table or the pages any more. */
  private void moveContents(Cpu cpu, long table, long pfn) {
    for (int i = 0; i < 1 << order; i++) {
      long entryPa = table + (long) i * Long.BYTES;
      long entry = door.readEntry(cpu, entryPa);
      if (services.entries().isEmpty(entry, 1)) {
        continue;
      }
      door.writeEntry(cpu, entryPa, format.empty(1));
      long small = services.pfn(entry, 1);
      if (small != services.zeroPfn()) {
        services.copyPage(cpu, pfn + i, small);
        services.frames().unmap(small);
        services.frames().put(cpu, small);
      }
    }
  }
}
