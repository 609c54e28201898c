package org.pagewright.kernel.gather;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmTables;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tablelife.PageTableDescriptor;
import org.pagewright.kernel.tablelife.TableAllocator;
import org.pagewright.kernel.tablelife.TableConstructors;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * The user part of every address space's tables: made when needed, locked, emptied, freed.
 *
 * <p>Models {@code __pte_alloc()} and its like, {@code pte_lockptr()}, {@code
 * pte_offset_map_lock()}, {@code unmap_page_range()} and {@code free_pgd_range()} (mm/memory.c,
 * mm/pgtable-generic.c, Linux 7.0), on any format.
 */
public class UserTables {
  /*
   * A table is allocated and constructed outside locks, then hooked into its parent under the
   * parent's lock, unless another CPU was faster. A lowest table is found without a lock, so
   * whoever locks it looks again whether its parent still points to it.
   */

  private final GatherServices services;
  private final GatherConfig config;
  private final PageTables door;
  private final PteFormat format;
  private final Deque<MmuGather> gathers = new ArrayDeque<>();
  private TopEntries topEntries;
  private PageRelease pageRelease;
  private Reschedule reschedule = Reschedule.NEVER;
  private final ZapWalk zaps;

  /** User tables of one kernel. */
  public UserTables(GatherServices services, GatherConfig config) {
    this.services = services;
    this.config = config;
    this.door = services.tables();
    this.format = door.format();
    this.topEntries = (cpu, mm, entryPa, entry) -> door.writeEntry(cpu, entryPa, entry);
    this.pageRelease = (cpu, pfn, order) -> release(services, cpu, pfn, order);
    this.zaps = new ZapWalk(door, config.reclaim());
  }

  /** A page with one reference: it is given back. */
  private static void release(GatherServices services, Cpu cpu, long pfn, int order) {
    cpu.step(Step.FREE, pfn << services.tables().format().pageShift() | order);
    services.allocator().free(cpu, pfn, order);
  }

  /** User tables as Linux 7.0 keeps them on the kernel's architecture. */
  public static UserTables of(KernelMachine kernel) {
    return new UserTables(
        GatherServices.of(kernel), GatherConfig.of(kernel.tables().format().architecture()));
  }

  public GatherServices services() {
    return services;
  }

  public GatherConfig config() {
    return config;
  }

  /** Who drops the references of pages that a gather releases; at first they are just freed. */
  public void setPageRelease(PageRelease other) {
    pageRelease = other;
  }

  PageRelease pageRelease() {
    return pageRelease;
  }

  /** Who writes entries of top tables. */
  public void setTopEntries(TopEntries other) {
    topEntries = other;
  }

  /** Who knows whether another task waits. */
  public void setReschedule(Reschedule other) {
    reschedule = other;
  }

  Reschedule reschedule() {
    return reschedule;
  }

  private TableConstructors constructors() {
    return services.tablePages().constructors();
  }

  // ---- entries

  /**
   * Finds the entry of {@code level} for {@code va}, or {@link EntrySlot#NONE} without its table.
   */
  public long find(Cpu cpu, Mm mm, long va, int level) {
    return door.entryAt(cpu, mm.kernelPgdPa(), va, level);
  }

  /**
   * Finds or makes the entry of {@code level} for {@code va}; may sleep. Tables made before a
   * failure stay.
   *
   * @return its slot, or {@link EntrySlot#NONE} when memory is short or a leaf is in the way
   */
  public long make(Cpu cpu, Mm mm, long va, int level) {
    long tablePa = mm.kernelPgdPa();
    for (int at = format.topLevel(); at > level; at--) {
      long entryPa = format.entryPa(tablePa, va, at);
      long entry = door.readEntry(cpu, entryPa);
      if (entry == format.empty(at)) {
        entry = makeTable(cpu, mm, EntrySlot.of(entryPa, at));
      }
      if (!format.isTable(entry, at)) {
        return EntrySlot.NONE;
      }
      tablePa = format.pa(entry, at);
    }
    return EntrySlot.of(format.entryPa(tablePa, va, level), level);
  }

  /** Models {@code __pte_alloc()}: answers the entry that stands there afterwards. */
  private long makeTable(Cpu cpu, Mm mm, long parentSlot) {
    int level = EntrySlot.level(parentSlot);
    long tablePa = allocateTable(cpu, mm, level - 1);
    if (tablePa == TableAllocator.NONE) {
      return format.empty(level);
    }
    SpinLock lock = lock(mm, parentSlot);
    lock.acquire(cpu);
    boolean isFirst = door.readEntry(cpu, EntrySlot.pa(parentSlot)) == format.empty(level);
    if (isFirst) {
      populate(cpu, mm, parentSlot, tablePa);
    }
    long entry = door.peek(EntrySlot.pa(parentSlot));
    lock.release(cpu);
    if (!isFirst) {
      freeTable(cpu, mm, tablePa, level - 1);
    }
    return entry;
  }

  /** Hooks a constructed table into an empty entry, whose lock the caller holds. */
  public void populate(Cpu cpu, Mm mm, long parentSlot, long tablePa) {
    int level = EntrySlot.level(parentSlot);
    mm.tables().added(level - 1);
    writeParent(cpu, mm, parentSlot, format.table(level, tablePa));
  }

  /** Takes a table out of its parent, whose lock the caller holds; answers the table. */
  public long unhook(Cpu cpu, Mm mm, long parentSlot) {
    int level = EntrySlot.level(parentSlot);
    long entry = door.readEntry(cpu, EntrySlot.pa(parentSlot));
    assert format.isTable(entry, level) : Long.toHexString(entry);
    writeParent(cpu, mm, parentSlot, format.empty(level));
    mm.tables().removed(level - 1);
    return format.pa(entry, level);
  }

  private void writeParent(Cpu cpu, Mm mm, long parentSlot, long entry) {
    if (EntrySlot.level(parentSlot) == format.topLevel()) {
      topEntries.write(cpu, mm, EntrySlot.pa(parentSlot), entry);
    } else {
      door.writeEntry(cpu, EntrySlot.pa(parentSlot), entry);
    }
  }

  // ---- locks

  /**
   * The lock that guards an entry. Models {@code pte_lockptr()}, {@code pmd_lockptr()} and {@code
   * pud_lockptr()}.
   */
  public SpinLock lock(Mm mm, long slot) {
    SpinLock own = ownLock(slot);
    return own == null ? mm.tables().lock() : own;
  }

  private @Nullable SpinLock ownLock(long slot) {
    int level = EntrySlot.level(slot);
    if (!constructors().config().splits(level) || level == format.topLevel()) {
      return null;
    }
    PageTableDescriptor table = constructors().descriptor(tablePfn(slot));
    return table == null ? null : table.lock();
  }

  /** First frame of the table in which an entry stands. */
  private long tablePfn(long slot) {
    long tableBytes = format.tableBytes(EntrySlot.level(slot));
    return (EntrySlot.pa(slot) & -tableBytes) >>> format.pageShift();
  }

  /**
   * Locks the lowest table below an entry of level 2. Models {@code pte_offset_map_lock()}.
   *
   * @return the table's address; {@link TableAllocator#NONE} and nothing locked when there is none
   */
  public long lockTable(Cpu cpu, Mm mm, long parentSlot) {
    int level = EntrySlot.level(parentSlot);
    services.grace().readLock(cpu);
    while (true) {
      long entry = door.readEntry(cpu, EntrySlot.pa(parentSlot));
      if (!format.isTable(entry, level)) {
        services.grace().readUnlock(cpu);
        return TableAllocator.NONE;
      }
      long tablePa = format.pa(entry, level);
      SpinLock lock = lock(mm, EntrySlot.of(tablePa, level - 1));
      lock.acquire(cpu);
      if (format.pa(door.readEntry(cpu, EntrySlot.pa(parentSlot)), level) == tablePa
          && format.isTable(door.peek(EntrySlot.pa(parentSlot)), level)) {
        return tablePa;
      }
      lock.release(cpu);
    }
  }

  /** Ends what {@link #lockTable} began. Models {@code pte_unmap_unlock()}. */
  public void unlockTable(Cpu cpu, Mm mm, long tablePa) {
    lock(mm, EntrySlot.of(tablePa, 1)).release(cpu);
    services.grace().readUnlock(cpu);
  }

  /**
   * Reads the lowest entry for {@code va} without locks, as {@code pte_offset_map()} lets readers:
   * every table on the way may be taken out meanwhile, none may be freed.
   *
   * @return the entry where the walk ends, which may be of a higher level
   */
  public long readLockless(Cpu cpu, Mm mm, long va) {
    services.grace().readLock(cpu);
    long tablePa = mm.kernelPgdPa();
    for (int level = format.topLevel(); ; level--) {
      long entry = door.readEntry(cpu, format.entryPa(tablePa, va, level));
      if (level == 1 || !format.isTable(entry, level)) {
        services.grace().readUnlock(cpu);
        return entry;
      }
      tablePa = format.pa(entry, level);
      services
          .events()
          .record(TableEvent.FOUND, cpu.id(), tablePa >>> format.pageShift(), level - 1, 0);
      cpu.step(Step.LOAD, tablePa); // an interrupt may come in before the table is read
    }
  }

  // ---- tables that are not hooked in

  /** A constructed table of {@code level} for the address space; may sleep. */
  public long allocateTable(Cpu cpu, Mm mm, int level) {
    assert !mm.isDead() : mm;
    return services.tablePages().allocate(cpu, level, mm.tables().owner());
  }

  /** Destructs and frees a table that nobody may have seen. Models {@code pte_free()}. */
  public void freeTable(Cpu cpu, Mm mm, long tablePa, int level) {
    assert !mm.isDead() : mm;
    services.tablePages().free(cpu, tablePa, level);
  }

  /** Frees a table that walkers without locks may still be in. Models {@code pte_free_defer()}. */
  public void freeTableDeferred(Cpu cpu, long tablePa, int level) {
    services.grace().call(cpu, later -> services.tablePages().free(later, tablePa, level));
  }

  /**
   * Keeps a table behind a huge leaf, whose lock the caller holds. Models {@code
   * pgtable_trans_huge_deposit()}: it becomes the head of its ring.
   */
  public void deposit(Mm mm, long leafSlot, long tablePa) {
    PageTableDescriptor table = requireDescriptor(tablePa >>> format.pageShift());
    table.joinRing(depositHead(mm, leafSlot));
    setDepositHead(mm, leafSlot, table);
  }

  /**
   * Takes a deposited table. Models {@code pgtable_trans_huge_withdraw()}: the head comes, and the
   * one behind it becomes the head.
   *
   * @return its address, or {@link TableAllocator#NONE} when none is there
   */
  public long withdraw(Mm mm, long leafSlot) {
    PageTableDescriptor head = depositHead(mm, leafSlot);
    if (head == null) {
      return TableAllocator.NONE;
    }
    setDepositHead(mm, leafSlot, head.leaveRing());
    return head.pfn() << format.pageShift();
  }

  private @Nullable PageTableDescriptor depositHead(Mm mm, long leafSlot) {
    if (constructors().config().splitPmdLocks()) {
      return requireDescriptor(tablePfn(leafSlot)).deposit();
    }
    long pfn = mm.tables().deposit();
    return pfn == MmTables.NO_DEPOSIT ? null : requireDescriptor(pfn);
  }

  private void setDepositHead(Mm mm, long leafSlot, @Nullable PageTableDescriptor head) {
    if (constructors().config().splitPmdLocks()) {
      requireDescriptor(tablePfn(leafSlot)).setDeposit(head);
    } else {
      mm.tables().setDeposit(head == null ? MmTables.NO_DEPOSIT : head.pfn());
    }
  }

  private PageTableDescriptor requireDescriptor(long pfn) {
    PageTableDescriptor table = constructors().descriptor(pfn);
    if (table == null) {
      throw new IllegalArgumentException("frame " + pfn + " is no constructed table");
    }
    return table;
  }

  /** Lowest tables that zaps took out because they were empty. */
  public long reclaimedTables() {
    return zaps.reclaimedFast() + zaps.reclaimedSlowly();
  }

  /** Of those, the ones whose upper lock was had at once. */
  public long reclaimedTablesFast() {
    return zaps.reclaimedFast();
  }

  // ---- unmapping

  /** Begins to gather what is unmapped from an address space. */
  public MmuGather gather(Mm mm, boolean isFullMm) {
    MmuGather idle = gathers.poll();
    return (idle == null ? makeGather() : idle).begin(mm, isFullMm);
  }

  /** A gather that is not in use. */
  protected MmuGather makeGather() {
    return new MmuGather(this);
  }

  void recycle(MmuGather gather) {
    gathers.push(gather);
  }

  /**
   * Clears the leaves of {@code [from, to)}. Models {@code unmap_page_range()}.
   *
   * @param reclaims whether tables that this empties go too, as with MADV_DONTNEED
   */
  public void zap(
      Cpu cpu, MmuGather gather, long from, long to, ZapLeaves leaves, boolean reclaims) {
    zaps.begin(this, cpu, gather, leaves, reclaims)
        .descend(gather.mm().kernelPgdPa(), format.topLevel(), from, to);
  }

  /**
   * Takes out the tables below {@code [from, to)} whose leaves are cleared. Models {@code
   * free_pgd_range()}: no locks, because nobody finds the areas any more.
   *
   * @param floor end of the area before: tables that reach below it stay
   * @param ceiling begin of the area behind, 0 for none: tables that reach beyond it stay
   */
  public void freeTables(Cpu cpu, MmuGather gather, long from, long to, long floor, long ceiling) {
    TableFree free = new TableFree(this, cpu, gather, floor, ceiling);
    free.below(gather.mm().kernelPgdPa(), format.topLevel(), from, to);
  }
}
