package org.pagewright.kernel.mermap;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.FaultInjection;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.MmFeature;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * Maps pages that are absent from the direct map for a short time, without telling another CPU.
 * Models {@code mm/mermap.c} ("mm: Add __GFP_UNMAPPED", v1 of February 2026, v2 of March 2026).
 */
@SuppressWarnings("EnumOrdinal") // counters and events know a warning by its number
public class Mermap implements MermapView, MmFeature {
  /*
   * What Linux does. Every CPU has a window in the mm-local region of every process that asked for
   * one. get takes the next addresses of this CPU's window and writes entries, put clears them and
   * flushes nothing; only when a window starts again is this CPU's TLB flushed. Migration is off in
   * between, so the window has one writer.
   *
   * Contract for users. Map only what belongs to the current process: other CPUs can read the
   * window speculatively. Flush the windows on every CPU before a page leaves the process, see
   * `flushEverywhere`.
   *
   * What is left out. The intended rule is here: published defects are planted from outside through
   * the protected methods, each of which says which one.
   */

  private static final long PER_CPU_BYTES = 256;

  private final MermapConfig config;
  private final MmLocalRegion region;
  private final PageTables tables;
  private final PageAllocator allocator;
  private final TlbShootdown shootdown;
  private final EventLog events;
  private final int cpus;
  private final int pageShift;
  private final long windowBytes;
  private final long unmappedEntry;
  private FaultInjection faults = FaultInjection.NONE;
  private final long[] warnings = new long[MermapWarning.values().length];

  /** The mermap of a booted kernel; {@code shootdown} flushes the CPUs of its processes. */
  public Mermap(
      MermapConfig config, MmLocalRegion region, KernelMachine kernel, TlbShootdown shootdown) {
    this(
        config,
        region,
        kernel.tables(),
        kernel.allocator(),
        shootdown,
        kernel.machine().events(),
        kernel.machine().cpus());
  }

  /** The mermap of every address space on a machine with {@code cpus} possible CPUs. */
  public Mermap(
      MermapConfig config,
      MmLocalRegion region,
      PageTables tables,
      PageAllocator allocator,
      TlbShootdown shootdown,
      EventLog events,
      int cpus) {
    this.config = config;
    this.region = region;
    this.tables = tables;
    this.allocator = allocator;
    this.shootdown = shootdown;
    this.events = events;
    this.cpus = cpus;
    this.pageShift = tables.format().pageShift();
    this.windowBytes = (long) config.windowPages() << pageShift;
    this.unmappedEntry = config.unmappedEntry() == MermapConfig.UnmappedEntry.FAKE ? FAKE_ENTRY : 0;
    if (cpus * windowBytes > region.layout().mermapBytes()) {
      throw new IllegalArgumentException(cpus + " windows of " + windowBytes + " bytes do not fit");
    }
  }

  /**
   * v1's entry of an unmapped page: no-execute, Accessed and the Global bit that means PROT_NONE
   * without Present. The frame is 0, stored inverted as x86 does against L1TF.
   */
  static final long FAKE_ENTRY = (1L << 63) | 0x000f_ffff_ffff_f000L | 0x120;

  // ---- preparing

  /**
   * Makes the windows of an address space; may sleep. Models {@code mermap_mm_prepare()}:
   * idempotent, never undone before exit, not inherited over fork. After a failure, tables that
   * were made stay until the region is freed.
   *
   * @return 0 or {@code -ENOMEM}
   */
  public int prepare(Cpu cpu, Mm mm) {
    if (mm.part(Mm.Part.MERMAP) != null) {
      return 0;
    }
    int order = blockOrder();
    long blockPfn = allocator.allocate(cpu, Gfp.KERNEL | Gfp.ACCOUNT | Gfp.ZERO, order);
    if (blockPfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    MermapState state = newState(mm, blockPfn, order);
    if (publishesBeforePrepared()) {
      mm.setPart(Mm.Part.MERMAP, state);
    }
    int error = region.init(cpu, mm);
    for (int owner = 0; owner < cpus && error == 0; owner++) {
      error = makeTables(cpu, state, owner);
    }
    if (error != 0) {
      mm.setPart(Mm.Part.MERMAP, null);
      allocator.free(cpu, blockPfn, order);
      return error;
    }
    mm.setPart(Mm.Part.MERMAP, state);
    events.record(MmEvent.MERMAP_PREPARED, cpu.id(), mm.contextId(), cpus, 0);
    return 0;
  }

  private MermapState newState(Mm mm, long blockPfn, int order) {
    MermapWindow[] windows = new MermapWindow[cpus];
    for (int owner = 0; owner < cpus; owner++) {
      windows[owner] = new MermapWindow(config, windowBase(owner), 1L << pageShift);
    }
    return new MermapState(mm, windows, windowBytes, tableShift(), blockPfn, order);
  }

  private int tableShift() {
    return Long.numberOfTrailingZeros(tables.format().levelBytes(2));
  }

  /** Order of the pages that hold the per-CPU block; the real one shares chunks with others. */
  private int blockOrder() {
    long pages = (cpus * PER_CPU_BYTES + (1L << pageShift) - 1) >>> pageShift;
    return Long.SIZE - Long.numberOfLeadingZeros(pages - 1);
  }

  /** Makes the PTE tables of one window and writes the value of an unmapped entry everywhere. */
  private int makeTables(Cpu cpu, MermapState state, int owner) {
    long base = windowBase(owner);
    for (int table = 0; table < state.tablesPerWindow(); table++) {
      long slot = region.makeEntry(cpu, state.mm(), base + ((long) table << tableShift()));
      if (slot == EntrySlot.NONE) {
        return -Errno.ENOMEM;
      }
      state.setPteTable(owner, table, EntrySlot.pa(slot));
      fill(cpu, EntrySlot.pa(slot));
    }
    return 0;
  }

  /** Also v2 writes every entry, although the table is empty. */
  private void fill(Cpu cpu, long tablePa) {
    for (long at = tablePa; at < tablePa + tables.format().tableBytes(1); at += Long.BYTES) {
      tables.writeUnpublished(cpu, at, unmappedEntry);
    }
  }

  /**
   * Planted: v1 and v2 set the pointer that {@link #isReady} tests before the windows have tables.
   */
  protected boolean publishesBeforePrepared() {
    return false;
  }

  /** Whether the current task may map. Models {@code mermap_ready()}. */
  public boolean isReady(Cpu cpu) {
    Mm mm = Task.currentMm(cpu);
    return mm != null && mm.part(Mm.Part.MERMAP) != null && inTask(cpu);
  }

  private static boolean inTask(Cpu cpu) {
    return !cpu.isInInterrupt() && cpu.task() != null;
  }

  // ---- mapping

  /**
   * Maps consecutive frames into this CPU's window of the current address space. Models {@code
   * mermap_get()}: never allocates, never waits, may fail. Migration stays off until the put.
   *
   * @param rights of {@link Rights}; global mappings are refused
   * @return a {@link MermapHandle}, or {@link MermapHandle#NONE}
   */
  public long get(Cpu cpu, long pfn, long bytes, int rights) {
    return get(cpu, Task.currentMm(cpu), pfn, bytes, rights, /* reserved= */ false);
  }

  /**
   * Maps one frame with the reserved page and record. Models {@code mermap_get_reserved()}:
   * preemption must be off until the put, and then it always succeeds.
   */
  public long getReserved(Cpu cpu, long pfn, int rights) {
    if (!cpu.isAtomic()) {
      warn(cpu, Task.currentMm(cpu), MermapWarning.RESERVE_PREEMPTIBLE);
    }
    return get(cpu, Task.currentMm(cpu), pfn, 1L << pageShift, rights, /* reserved= */ true);
  }

  /** The same for any address space. Models {@code __mermap_get()}, which tests call directly. */
  public long get(Cpu cpu, @Nullable Mm mm, long pfn, long bytes, int rights, boolean reserved) {
    long context = mm == null ? -1 : mm.contextId();
    events.record(MmEvent.MERMAP_CALL, cpu.id(), context, /* b= */ 1, rights);
    long handle = getUnallocating(cpu, mm, pfn, bytes, rights, reserved);
    events.record(MmEvent.MERMAP_CALL, cpu.id(), context, /* b= */ 0, 0);
    return handle;
  }

  private long getUnallocating(
      Cpu cpu, @Nullable Mm mm, long pfn, long bytes, int rights, boolean reserved) {
    if (bytes > windowBytes) {
      return MermapHandle.NONE;
    }
    MermapState state = mm == null ? null : (MermapState) mm.part(Mm.Part.MERMAP);
    if (state == null) {
      warn(cpu, mm, MermapWarning.NOT_PREPARED);
      return MermapHandle.NONE;
    }
    if (!isAllowed(rights)) {
      warn(cpu, mm, MermapWarning.PROTECTION);
      return MermapHandle.NONE;
    }
    long rounded = (bytes + (1L << pageShift) - 1) & -(1L << pageShift);
    cpu.disableMigration();
    MermapWindow window = state.window(cpu.id());
    int record = takeRecord(cpu, state, window, rounded, reserved);
    if (record < 0) {
      window.countFailure();
      long who = reserved ? 1 : 0;
      events.record(MmEvent.MERMAP_REFUSED, cpu.id(), state.mm().contextId(), who, 0);
      cpu.enableMigration();
      return MermapHandle.NONE;
    }
    long va = window.take(record, rounded);
    boolean isInjected = !reserved && faults.fails(cpu, FaultInjection.Point.WALK);
    if (isInjected || !map(cpu, state, va, rounded, pfn, rights)) {
      window.cancel(record);
      releaseAfterFailedMap(cpu);
      return MermapHandle.NONE;
    }
    events.record(MmEvent.MERMAP_GET, cpu.id(), va, pfn, rounded >>> pageShift);
    return MermapHandle.of(va, record);
  }

  /** Whether the architecture allows it. Models {@code arch_mermap_pgprot_allowed()}. */
  private static boolean isAllowed(int rights) {
    return (rights & (Rights.GLOBAL | Rights.USER)) == 0;
  }

  /**
   * Finds a record and makes room for {@code bytes}. Models {@code mermap_alloc()}.
   *
   * @return the record, or negative
   */
  private int takeRecord(
      Cpu cpu, MermapState state, MermapWindow window, long bytes, boolean reserved) {
    if (reserved && bytes != 1L << pageShift) {
      warn(cpu, state.mm(), MermapWarning.RESERVE_SIZE);
      return MermapWindow.NO_ROOM;
    }
    if (!inTask(cpu)) {
      warn(cpu, state.mm(), MermapWarning.NOT_IN_TASK);
      return MermapWindow.NO_ROOM;
    }
    cpu.disablePreemption();
    int record = takeRecordPinned(cpu, state, window, bytes, reserved);
    cpu.enablePreemption();
    return record;
  }

  private int takeRecordPinned(
      Cpu cpu, MermapState state, MermapWindow window, long bytes, boolean reserved) {
    long limit = window.limit(reserved);
    if (!fits(window.nextVa(), bytes, limit)) {
      long start = window.wrapStart();
      if (!fits(start, bytes, limit)) {
        return MermapWindow.NO_ROOM;
      }
      flushWindow(cpu, state.mm());
      window.wrap(start);
      events.record(MmEvent.MERMAP_WRAP, cpu.id(), state.mm().contextId(), start, cpu.id());
    }
    if (window.reserveRecordInUse()) {
      warn(cpu, state.mm(), MermapWarning.RESERVE_IN_USE);
      return MermapWindow.NO_RECORD;
    }
    return window.freeRecord(reserved);
  }

  /**
   * Whether {@code bytes} from {@code va} on end at or below {@code limit}. Planted: comparing with
   * {@code limit - va} as unsigned numbers, where a reserved mapping can stand above the limit.
   */
  protected boolean fits(long va, long bytes, long limit) {
    return va + bytes <= limit;
  }

  /** Balances the migration count when entries could not be written. Planted: not doing it. */
  protected void releaseAfterFailedMap(Cpu cpu) {
    cpu.enableMigration();
  }

  /**
   * Writes the entries. Tables exist, so nothing is allocated, and the window has one writer, so no
   * lock is taken: {@code apply_to_page_range()} with CREATE and NOLOCK.
   *
   * @return false if the walk failed
   */
  private boolean map(Cpu cpu, MermapState state, long va, long bytes, long pfn, int rights) {
    if (!walkSucceeds(cpu, va)) {
      return false;
    }
    chargeWalk(cpu, va, va + bytes);
    PteFormat format = tables.format();
    long pageBytes = 1L << pageShift;
    long pa = pfn << pageShift;
    for (long at = va; at < va + bytes; at += pageBytes, pa += pageBytes) {
      if (!mapEntry(cpu, state.mm(), at, format.leaf(1, pa, rights))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Writes the entry of a page that is mapped; false where its table is missing, as it is in no
   * window that is prepared. v1 took a walk that leaves out what is missing, and succeeded.
   */
  protected boolean mapEntry(Cpu cpu, Mm mm, long va, long entry) {
    long slot = findEntry(cpu, mm, va);
    if (slot != EntrySlot.NONE) {
      tables.writeEntry(cpu, EntrySlot.pa(slot), entry);
    }
    return slot != EntrySlot.NONE;
  }

  /**
   * Writes the entry of a page that is no longer mapped, if it has a table. v1 took a walk that
   * makes what is missing, where nothing may be allocated.
   */
  protected void unmapEntry(Cpu cpu, Mm mm, long va, long entry) {
    long slot = findEntry(cpu, mm, va);
    if (slot != EntrySlot.NONE) {
      tables.writeEntry(cpu, EntrySlot.pa(slot), entry);
    }
  }

  private long findEntry(Cpu cpu, Mm mm, long va) {
    MermapState state = (MermapState) mm.part(Mm.Part.MERMAP);
    long tablePa = state == null ? 0 : state.pteTable(cpu.id(), va);
    return tablePa == 0 ? EntrySlot.NONE : EntrySlot.of(tables.format().entryPa(tablePa, va, 1), 1);
  }

  /** The tables are known here; Linux walks from the top for each table that the range touches. */
  private void chargeWalk(Cpu cpu, long va, long end) {
    long walks = ((end - 1) >>> tableShift()) - (va >>> tableShift()) + 1;
    cpu.charge(Primitive.ENTRY_READ, walks * (tables.format().topLevel() - 1));
  }

  /** A seam for failing walks; tables of a prepared window are never missing. */
  protected boolean walkSucceeds(Cpu cpu, long va) {
    return true;
  }

  /** Lets walks of normal requests fail from here on; reserved ones are promised to succeed. */
  public void setFaults(FaultInjection faults) {
    this.faults = faults;
  }

  /**
   * Ends a mapping of the current address space: entries out, no flush, the addresses are dead
   * until the window wraps. Models {@code mermap_put()}.
   */
  public void put(Cpu cpu, long handle) {
    put(cpu, Task.currentMm(cpu), handle);
  }

  /** The same for any address space. Models {@code __mermap_put()}. */
  public void put(Cpu cpu, @Nullable Mm mm, long handle) {
    long context = mm == null ? -1 : mm.contextId();
    events.record(MmEvent.MERMAP_CALL, cpu.id(), context, /* b= */ 1, 0);
    putUnallocating(cpu, mm, handle);
    events.record(MmEvent.MERMAP_CALL, cpu.id(), context, /* b= */ 0, 0);
  }

  private void putUnallocating(Cpu cpu, @Nullable Mm mm, long handle) {
    MermapState state = mm == null ? null : (MermapState) mm.part(Mm.Part.MERMAP);
    if (state == null) {
      warn(cpu, mm, MermapWarning.NOT_PREPARED);
      return;
    }
    MermapWindow window = state.window(cpu.id());
    int record = MermapHandle.record(handle);
    long va = MermapHandle.va(handle);
    if (record >= window.records() || !window.inUse(record) || window.from(record) != va) {
      warn(cpu, mm, MermapWarning.NOT_IN_USE);
      return;
    }
    long end = window.to(record);
    chargeWalk(cpu, va, end);
    for (long at = va; at < end; at += 1L << pageShift) {
      unmapEntry(cpu, state.mm(), at, unmappedEntry);
    }
    window.release(record);
    events.record(MmEvent.MERMAP_PUT, cpu.id(), va, 0, (end - va) >>> pageShift);
    cpu.enableMigration();
  }

  // ---- flushing

  /** Makes this CPU forget the window before addresses are used again. */
  protected void flushWindow(Cpu cpu, Mm mm) {
    switch (config.wrapFlush()) {
      case LOCAL_ALL -> shootdown.flushLocalAll(cpu);
      case LOCAL_NON_GLOBAL -> shootdown.flushLocal(cpu);
      case BROADCAST -> shootdown.flushKernelRange(cpu, windowBase(cpu.id()), windowEnd(cpu.id()));
    }
  }

  /**
   * Makes every CPU forget the windows of an address space, as a user must before pages that were
   * mapped leave the process. Models the "stale" flush of the page cache (v3, v4).
   */
  public void flushEverywhere(Cpu cpu, Mm mm) {
    shootdown.flushMm(cpu, mm.tlb());
    events.record(MmEvent.MERMAP_FLUSHED, cpu.id(), mm.contextId(), 0, 0);
  }

  // ---- teardown

  /** Warns if a mapping is still in use and frees the per-CPU block; tables go with the region. */
  @Override
  public void destroy(Cpu cpu, Mm mm) {
    MermapState state = (MermapState) mm.part(Mm.Part.MERMAP);
    if (state == null) {
      return;
    }
    for (int owner = 0; owner < cpus; owner++) {
      MermapWindow window = state.window(windowToCheck(cpu, owner));
      if (window.anyInUse()) {
        warn(cpu, mm, MermapWarning.IN_USE_AT_TEARDOWN);
      }
    }
    mm.setPart(Mm.Part.MERMAP, null);
    allocator.free(cpu, state.blockPfn(), state.blockOrder());
  }

  /** Whose window the teardown looks at. Planted: always the current CPU's (v1, v2). */
  protected int windowToCheck(Cpu cpu, int owner) {
    return owner;
  }

  private void warn(Cpu cpu, @Nullable Mm mm, MermapWarning warning) {
    warnings[warning.ordinal()]++;
    long context = mm == null ? -1 : mm.contextId();
    events.record(MmEvent.MERMAP_WARNING, cpu.id(), context, warning.ordinal(), 0);
  }

  // ---- what checkers see

  @Override
  public MermapConfig config() {
    return config;
  }

  @Override
  public boolean isPrepared(Mm mm) {
    return mm.part(Mm.Part.MERMAP) != null;
  }

  @Override
  public long windowBase(int cpu) {
    return region.layout().mermapBase() + cpu * windowBytes;
  }

  @Override
  public long windowEnd(int cpu) {
    return windowBase(cpu) + windowBytes;
  }

  @Override
  public long nextVa(Mm mm, int cpu) {
    return window(mm, cpu).nextVa();
  }

  @Override
  public int records() {
    return config.records();
  }

  @Override
  public boolean inUse(Mm mm, int cpu, int record) {
    return window(mm, cpu).inUse(record);
  }

  @Override
  public long recordFrom(Mm mm, int cpu, int record) {
    return window(mm, cpu).from(record);
  }

  @Override
  public long recordTo(Mm mm, int cpu, int record) {
    return window(mm, cpu).to(record);
  }

  @Override
  public long gets(Mm mm, int cpu) {
    return window(mm, cpu).gets();
  }

  @Override
  public long puts(Mm mm, int cpu) {
    return window(mm, cpu).puts();
  }

  @Override
  public long flushes(Mm mm, int cpu) {
    return window(mm, cpu).flushes();
  }

  @Override
  public long failures(Mm mm, int cpu) {
    return window(mm, cpu).failures();
  }

  @Override
  public long warnings(MermapWarning warning) {
    return warnings[warning.ordinal()];
  }

  private MermapWindow window(Mm mm, int cpu) {
    MermapState state = (MermapState) mm.part(Mm.Part.MERMAP);
    if (state == null) {
      throw new IllegalArgumentException(mm + " has no mermap");
    }
    return state.window(cpu);
  }
}
