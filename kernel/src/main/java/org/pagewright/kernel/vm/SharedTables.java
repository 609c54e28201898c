package org.pagewright.kernel.vm;

import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.gather.MmuGather;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * Middle tables that processes share when they map the same huge pages of one file. Models {@code
 * huge_pmd_share()} and {@code huge_pmd_unshare()} (mm/hugetlb.c, Linux 7.0).
 */
public class SharedTables {
  /*
   * What Linux does: a shared mapping of a file of huge pages that covers all that an entry of
   * level 3 does may use the middle table that another process has made for the same part of the
   * file. The table counts who shares it besides its maker. Who leaves takes the table out,
   * flushes, waits for walkers without locks, and leaves the entries alone as long as somebody
   * else has the table.
   *
   * The count is one of its own since 59d9094df3d7: the reference count of the table's page, which
   * told it before, is raised by whoever looks at the page for a moment.
   *
   * What is left out: protections, moves and truncation of such files; the lock of the mapping,
   * which whoever shares holds without a step in between.
   */

  private static final long STEPS = 1L << 60;

  private final VmServices services;
  private final UserTables tables;
  private final PageTables door;
  private final PteFormat format;

  /** Who shares a table besides its maker, by frame. */
  private final Map<Long, Integer> shares = new TreeMap<>();

  /** References to a table's page: of its users, and of whoever looks at it for a moment. */
  private final Map<Long, Integer> references = new TreeMap<>();

  /** Tables of one kernel. */
  public SharedTables(VmServices services) {
    this.services = services;
    this.tables = services.userTables();
    this.door = services.door();
    this.format = services.format();
  }

  /** A file of huge pages of the size of a leaf of level 2. */
  public HugeFile createFile(long pages) {
    return new HugeFile(services, pages);
  }

  // ---- faults

  /** Maps a huge page of a file; 0 or a negative error. Models {@code hugetlb_fault()}. */
  int fault(Cpu cpu, AddressSpace space, Area area, long va, HugeFile file) {
    Mm mm = space.mm();
    long upper = tables.make(cpu, mm, va, 3);
    if (upper == EntrySlot.NONE) {
      return -Errno.ENOMEM;
    }
    if (door.readEntry(cpu, EntrySlot.pa(upper)) == format.empty(3)) {
      share(cpu, space, area, va, upper);
    }
    long slot = tables.make(cpu, mm, va, 2);
    if (slot == EntrySlot.NONE) {
      return -Errno.ENOMEM;
    }
    long pfn = file.fault(cpu, file.index(area, va));
    if (pfn < 0) {
      return (int) pfn;
    }
    long leaf =
        services.entries().leaf(2, pfn << services.pageShift(), area.access(), area.isWritable());
    SpinLock lock = tables.lock(mm, slot);
    lock.acquire(cpu);
    boolean isFirst = door.readEntry(cpu, EntrySlot.pa(slot)) == format.empty(2);
    if (isFirst) {
      services.frames().map(pfn);
      door.writeEntry(cpu, EntrySlot.pa(slot), leaf);
      services.becamePresent(cpu, va);
    }
    lock.release(cpu);
    if (!isFirst) {
      services.frames().put(cpu, pfn);
    }
    return 0;
  }

  private boolean covers(Area area, long va) {
    long span = format.levelBytes(3);
    long first = va & -span;
    return area.isShared() && area.from() <= first && first + span <= area.to();
  }

  /** Hooks in the table of another process that maps the same part of the file, if one does. */
  private void share(Cpu cpu, AddressSpace space, Area area, long va, long upper) {
    PageUsers users = area.backing().users();
    if (users == null || !covers(area, va)) {
      return;
    }
    long span = format.levelBytes(3);
    long index = area.index(va & -span, services.pageShift());
    for (PageUsers.User user : users.ofPage(index, services.pageShift())) {
      long other = user.area().va(index, services.pageShift());
      boolean fits = user.space() != space && (other & span - 1) == 0;
      if (fits && covers(user.area(), other) && share(cpu, space.mm(), upper, user, other)) {
        return;
      }
    }
  }

  private boolean share(Cpu cpu, Mm mm, long upper, PageUsers.User user, long other) {
    long theirs = tables.find(cpu, user.space().mm(), other, 3);
    if (theirs == EntrySlot.NONE) {
      return false;
    }
    long entry = door.readEntry(cpu, EntrySlot.pa(theirs));
    if (!format.isTable(entry, 3)) {
      return false;
    }
    long tablePa = format.pa(entry, 3);
    long pfn = tablePa >>> services.pageShift();
    shares.merge(pfn, 1, Integer::sum);
    references.merge(pfn, 1, Integer::sum);
    SpinLock lock = tables.lock(mm, upper);
    lock.acquire(cpu);
    boolean isFirst = door.readEntry(cpu, EntrySlot.pa(upper)) == format.empty(3);
    if (isFirst) {
      tables.populate(cpu, mm, upper, tablePa);
      services.events().record(VmEvent.TABLE_SHARED, cpu.id(), pfn, mm.contextId(), 0);
    }
    lock.release(cpu);
    if (!isFirst) {
      shares.merge(pfn, -1, Integer::sum);
      references.merge(pfn, -1, Integer::sum);
    }
    return isFirst;
  }

  // ---- unmapping

  /**
   * Takes the tables that others have out of a range, before its entries are cleared. Models {@code
   * huge_pmd_unshare()} in {@code __unmap_hugepage_range()}.
   */
  void unshare(Cpu cpu, MmuGather gather, long from, long to) {
    long span = format.levelBytes(3);
    for (long va = from & -span; va < to; va += span) {
      long upper = tables.find(cpu, gather.mm(), va, 3);
      if (upper != EntrySlot.NONE) {
        unshareOne(cpu, gather, upper, va);
      }
    }
  }

  private void unshareOne(Cpu cpu, MmuGather gather, long upper, long va) {
    Mm mm = gather.mm();
    SpinLock lock = tables.lock(mm, upper);
    lock.acquire(cpu);
    long entry = door.readEntry(cpu, EntrySlot.pa(upper));
    boolean isTable = format.isTable(entry, 3);
    long pfn = isTable ? format.pa(entry, 3) >>> services.pageShift() : 0;
    boolean isLeft = isTable && isShared(cpu, pfn);
    if (isLeft) {
      long tablePa = tables.unhook(cpu, mm, upper);
      assert tablePa >>> services.pageShift() == pfn : pfn;
      shares.merge(pfn, -1, Integer::sum);
      references.merge(pfn, -1, Integer::sum);
      gather.clearedRange(va, format.levelBytes(3), 2);
      gather.flushTranslations(cpu);
      services.events().record(VmEvent.TABLE_UNSHARED, cpu.id(), pfn, mm.contextId(), 0);
    }
    lock.release(cpu);
    if (isLeft) {
      services.grace().interruptOthers(cpu);
    }
  }

  /** Whether another process has the table. Models {@code ptdesc_pmd_is_shared()}. */
  protected boolean isShared(Cpu cpu, long tablePfn) {
    cpu.step(Step.LOAD, STEPS | tablePfn);
    return shares.getOrDefault(tablePfn, 0) > 0;
  }

  /** References to the page of a table. Models {@code page_count()}. */
  protected final int references(Cpu cpu, long tablePfn) {
    cpu.step(Step.LOAD, STEPS | tablePfn);
    return 1 + references.getOrDefault(tablePfn, 0);
  }

  /** Somebody who knows a frame by number only looks at it. Models {@code folio_try_get()}. */
  public void inspect(Cpu cpu, long tablePfn) {
    cpu.step(Step.STORE, STEPS | tablePfn);
    references.merge(tablePfn, 1, Integer::sum);
    cpu.step(Step.STORE, STEPS | tablePfn);
    references.merge(tablePfn, -1, Integer::sum);
  }

  // ---- the file

  /** A file of huge pages in memory. Models {@code hugetlbfs} without reservations. */
  public static final class HugeFile implements Backing {
    private final VmServices services;
    private final int order;
    private final long pages;
    private final PageUsers users;
    private final Map<Long, Long> cached = new TreeMap<>();

    HugeFile(VmServices services, long pages) {
      this.services = services;
      this.order = services.format().level(2).shift() - services.pageShift();
      this.pages = pages;
      this.users = services.frames().createUsers(/* file= */ null);
    }

    /** Index of the huge page at an address. */
    long index(Area area, long va) {
      return area.index(va, services.pageShift()) >>> order;
    }

    @Override
    public long fault(Cpu cpu, long index) {
      if (index < 0 || index >= pages) {
        return -Errno.EFAULT;
      }
      Long known = cached.get(index);
      if (known != null) {
        services.frames().get(known);
        return known;
      }
      long pfn = services.frames().allocate(cpu, Gfp.HIGHUSER_MOVABLE | Gfp.ZERO | Gfp.COMP, order);
      if (pfn == PageAllocator.NONE) {
        return -Errno.ENOMEM;
      }
      services.frames().setUsers(pfn, users, index << order);
      cached.put(index, pfn);
      services.frames().get(pfn);
      return pfn;
    }

    /** The last reference is gone: its pages go back. */
    public void release(Cpu cpu) {
      cached.values().forEach(pfn -> services.frames().put(cpu, pfn));
      cached.clear();
    }

    @Override
    public PageUsers users() {
      return users;
    }

    @Override
    public String label() {
      return "hugetlb";
    }
  }
}
