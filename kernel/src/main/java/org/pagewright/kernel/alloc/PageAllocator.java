package org.pagewright.kernel.alloc;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.kernel.arch.FaultInjection;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.EventSink;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.LockContention;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.MergeRule;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;
import org.pagewright.kernel.compact.BlockIsolation;
import org.pagewright.kernel.compact.Compaction;
import org.pagewright.kernel.compact.ContiguousRange;
import org.pagewright.kernel.compact.FreePageIsolation;
import org.pagewright.kernel.compact.PageMover;
import org.pagewright.kernel.compact.PageReporting;

/**
 * Hands out frames as Linux would. Models {@code __alloc_pages()} and {@code __free_pages()}
 * (mm/page_alloc.c) of the version that the {@link AllocatorRules} name.
 *
 * <p>A request without CPU, as a replay makes it, costs nothing and converts nothing.
 */
public final class PageAllocator implements AutoCloseable {
  /** No frame: the request failed. */
  public static final long NONE = Memmap.NONE;

  /** The request may be served from every zone that its flags allow. */
  public static final int ANY_ZONE = ZoneLists.ANY_ZONE;

  /** Finds free memory when there is too little: experiments say what can be found. */
  public interface Reclaim {
    /** Nothing can be reclaimed. */
    Reclaim NOTHING = (cpu, order) -> 0;

    /** Frees pages for a request of {@code order}; answers how many, 0 for none. */
    long reclaim(Cpu cpu, int order);

    /** Makes a victim give up what it has; false if there is none. Models {@code oom_kill}. */
    default boolean kill(Cpu cpu) {
      return false;
    }
  }

  /** Hears when a node should free memory ahead of requests. */
  @FunctionalInterface
  public interface Wakeups {
    /** Nobody hears. */
    Wakeups NOBODY = (node, order, highest) -> {};

    /** Models {@code wakeup_kswapd()}. */
    void wake(int node, int order, ZoneKind highest);
  }

  /** Logarithm of the bytes that the primitive of zeroing covers. */
  static final int ZEROED_AT_ONCE_SHIFT = 12;

  final AllocatorConfig config;
  final Memmap memmap;
  final Buddy buddy;
  final PcpLists pcpLists;
  final List<Zone> zones;

  /** The same as an array, for every free looks its zone up. */
  private final Zone[] zoneTable;

  final ZoneLists zoneLists;

  /** {@link AllocFlags#SKIP_BUSY} where there is another node to go to. */
  private final int skipsBusyNodes;

  private final AllocatorParts parts;
  private final Fallback fallback;
  private final AllocatorRules rules;
  private final SlowPath slowPath = new SlowPath(this);
  private Highatomic highatomic;
  private FreePageIsolation freePageIsolation;
  private final Compaction compaction;
  private final BlockIsolation blockIsolation;
  private final ContiguousRange contiguous;
  private PageblockConversion conversion;
  private RequestFlags requestFlags;
  private @Nullable PageDebugging debugging;
  private TaskReserves taskReserves = TaskReserves.NONE;
  private PageZeroing zeroing = PageZeroing.NONE;
  private Reclaim reclaim = Reclaim.NOTHING;
  private Wakeups wakeups = Wakeups.NOBODY;
  private LockContention contention = LockContention.NEVER;
  private FaultInjection faults = FaultInjection.NONE;
  private boolean isOnMachine;
  private boolean isDefragMode;
  private long failures;

  /** An allocator without a free page; memory comes by {@link #handOver}. */
  public PageAllocator(AllocatorConfig config) {
    this.config = config;
    this.rules = config.rules();
    this.memmap = new Memmap(config.frames(), config.blockOrder(), rules.keepsTypeWhenIsolated());
    this.buddy = new Buddy(memmap);
    this.fallback = new Fallback(buddy, memmap, rules);
    this.zones = zonesOf(config, memmap);
    this.pcpLists = new PcpLists(config, zones, memmap, buddy, fallback);
    this.zoneTable = zones.toArray(Zone[]::new);
    this.zoneLists = new ZoneLists(zones, config.cpus());
    boolean mayBeBusy = rules.skipsBusyNodes() && zoneLists.nodes() > 1;
    this.skipsBusyNodes = mayBeBusy ? AllocFlags.SKIP_BUSY : 0;
    this.parts = new AllocatorParts(config, memmap, buddy, fallback, zones);
    this.highatomic = new Highatomic(parts);
    this.freePageIsolation = new FreePageIsolation(buddy);
    this.conversion = new PageblockConversion(parts);
    this.requestFlags = new RequestFlags(config);
    this.compaction = new Compaction(buddy, zones, freePageIsolation, new CompactionSupport(this));
    this.blockIsolation = new BlockIsolation(buddy);
    this.contiguous = new ContiguousRange(buddy, compaction, blockIsolation);
    buddy.setListsFollowBlocks(rules.listsFollowBlocks());
  }

  private static List<Zone> zonesOf(AllocatorConfig config, Memmap memmap) {
    List<Zone> zones = new ArrayList<>();
    for (AllocatorConfig.Span span : config.zones()) {
      zones.add(
          new Zone(
              zones.size(),
              span.node(),
              span.kind(),
              span.startPfn(),
              span.endPfn(),
              memmap,
              config.cpus()));
    }
    return List.copyOf(zones);
  }

  public AllocatorConfig config() {
    return config;
  }

  public List<Zone> zones() {
    return zones;
  }

  public void setSink(EventSink sink) {
    buddy.setSink(sink);
  }

  /** Gives the allocator a way to take pageblocks out of the direct map and to put them back. */
  public void setConversion(BlockConversion directMap) {
    conversion.setDirectMap(directMap);
  }

  /** Gives the allocator a way to zero pages that the direct map lacks (series v1 and v2). */
  public void setZeroing(PageZeroing zeroing) {
    this.zeroing = zeroing;
  }

  public void setReclaim(Reclaim reclaim) {
    this.reclaim = reclaim;
  }

  /** Lets requests of CPUs fail from here on. */
  public void setFaults(FaultInjection faults) {
    this.faults = faults;
  }

  /** Lets somebody hear when memory is to be freed ahead of requests. */
  public void setWakeups(Wakeups wakeups) {
    this.wakeups = wakeups;
  }

  /** Says when locks that are only tried are held. */
  public void setContention(LockContention contention) {
    this.contention = contention;
  }

  /** Tells which reserves the current task may use. */
  public void setTaskReserves(TaskReserves taskReserves) {
    this.taskReserves = taskReserves;
  }

  /** Requests that failed. */
  public long failures() {
    return failures;
  }

  /** Blocks that were taken out of the direct map or put back. */
  public long conversions() {
    return conversion.conversions();
  }

  // ---- decisions that somebody may take otherwise

  /** What a decision of this allocator works on. */
  public AllocatorParts parts() {
    return parts;
  }

  public void setMergeRule(MergeRule rule) {
    buddy.setMergeRule(rule);
  }

  public void setRequestFlags(RequestFlags flags) {
    requestFlags = flags;
  }

  /** Replaces the conversion of pageblocks; its way to the direct map stays. */
  public void setPageblockConversion(PageblockConversion other) {
    other.setDirectMap(conversion.directMap());
    conversion = other;
  }

  public void setHighatomic(Highatomic reserve) {
    highatomic = reserve;
  }

  public void setPcpListing(PcpListing listing) {
    pcpLists.setListing(listing);
  }

  public void setFreePageIsolation(FreePageIsolation isolation) {
    freePageIsolation = isolation;
    compaction.setIsolation(isolation);
  }

  /** Lets compaction move pages of those that {@code mover} knows, and of nobody else. */
  public void setMover(PageMover mover) {
    compaction.setMover(mover);
  }

  /** Lets compaction move pages of those that {@code mover} knows, too. */
  public void addMover(PageMover mover) {
    compaction.addMover(mover);
  }

  /**
   * Keeps types apart in every attempt until nothing else helps. Models {@code vm.defrag_mode}
   * (6.15).
   */
  public void setDefragMode(boolean isOn) {
    isDefragMode = isOn;
  }

  /** Lets hooks touch pages that change hands. */
  public void setDebugging(PageDebugging hooks) {
    debugging = hooks;
  }

  /** Free page reporting to a host. */
  public PageReporting reporting(PageReporting.Receiver receiver) {
    return new PageReporting(zones, freePageIsolation, receiver);
  }

  /** Making large blocks out of small ones, and its counters. */
  public Compaction compaction() {
    return compaction;
  }

  boolean isDefragMode() {
    return isDefragMode;
  }

  RequestFlags requestFlags() {
    return requestFlags;
  }

  TaskReserves taskReserves() {
    return taskReserves;
  }

  Reclaim reclaim() {
    return reclaim;
  }

  Highatomic highatomic() {
    return highatomic;
  }

  FreePageIsolation freePageIsolation() {
    return freePageIsolation;
  }

  // ---- boot

  /**
   * Gives a range of frames to the allocator, {@code [fromPfn, toPfn)}, in blocks as large as their
   * alignment allows. Models {@code memblock_free_all()}.
   */
  public void handOver(long fromPfn, long toPfn) {
    long pfn = fromPfn;
    while (pfn < toPfn) {
      int aligned = pfn == 0 ? Zone.MAX_ORDER : Long.numberOfTrailingZeros(pfn);
      int order = Math.min(Zone.MAX_ORDER, aligned);
      while (pfn + (1L << order) > toPfn) {
        order--;
      }
      handOverBlock(/* cpu= */ 0, pfn, order);
      pfn += 1L << order;
    }
  }

  /** Gives one block to the allocator. Models {@code __free_pages_core()}. */
  public void handOverBlock(int cpu, long pfn, int order) {
    Zone zone = zoneOf(pfn);
    long pages = 1L << order;
    zone.setPages(zone.managedPages() + pages, zone.presentPages() + pages);
    buddy.free(zone, cpu, pfn, order, memmap.blockFreetype(pfn), /* toTail= */ true);
  }

  /** Sets watermarks and per-CPU limits once all memory is handed over. */
  public void finishBoot() {
    Watermarks.setUp(zones, config.pageShift());
    for (Zone zone : zones) {
      pcpLists.setUp(zone);
    }
  }

  // ---- requests

  /** First frame of a block of {@code 2^order} frames, or {@link #NONE}. */
  public long allocate(Cpu cpu, int gfp, int order) {
    return allocate(cpu, gfp, order, /* callerFlags= */ 0, ANY_ZONE);
  }

  /** The same with flags of {@link AllocFlags} that only callers inside mm may pass. */
  public long allocate(Cpu cpu, int gfp, int order, int callerFlags) {
    return allocate(cpu, gfp, order, callerFlags, ANY_ZONE);
  }

  private long allocate(Cpu cpu, int gfp, int order, int callerFlags, int place) {
    assert (callerFlags & ~AllocFlags.FROM_CALLER) == 0 : Integer.toHexString(callerFlags);
    attach(cpu);
    cpu.charge(Primitive.PAGE_ALLOC);
    if (isInjected(cpu, gfp)) {
      failures++;
      return NONE;
    }
    EventLog events = cpu.machine().events();
    events.record(KernelEvent.REQUEST, cpu.id(), gfp, order, callerFlags);
    boolean needsMm = (gfp & Gfp.UNMAPPED) != 0 && zeroing.isNeeded(gfp);
    boolean isRefused = needsMm && !zeroing.isReady(cpu);
    long pfn = isRefused ? NONE : allocate(cpu, cpu.id(), gfp, order, callerFlags, place);
    if (pfn == NONE) {
      failures += isRefused ? 1 : 0;
      events.record(KernelEvent.REQUEST_FAILED, cpu.id(), gfp, order, callerFlags);
      return NONE;
    }
    events.record(KernelEvent.FRAMES_ALLOCATED, cpu.id(), pfn, order, gfp);
    prepare(cpu, pfn, order, gfp);
    events.record(KernelEvent.FRAMES_READY, cpu.id(), pfn, order, gfp);
    return pfn;
  }

  /** Models {@code should_fail_alloc_page()}. */
  private boolean isInjected(Cpu cpu, int gfp) {
    return (gfp & Gfp.NOFAIL) == 0 && faults.fails(cpu, FaultInjection.Point.ALLOCATION);
  }

  /** Lets locks report on the machine's CPUs from the first request of one of them. */
  private void attach(Cpu cpu) {
    if (!isOnMachine) {
      isOnMachine = true;
      zones.forEach(zone -> zone.watchOn(cpu.machine()));
    }
  }

  private void prepare(Cpu cpu, long pfn, int order, int gfp) {
    if (debugging != null) {
      debugging.handedOut(cpu, pfn, order);
    }
    if ((gfp & Gfp.ZERO) != 0) {
      EventLog events = cpu.machine().events();
      events.record(KernelEvent.CONTENTS_BEGIN, cpu.id(), pfn, order, gfp);
      zero(cpu, pfn, order);
      events.record(KernelEvent.CONTENTS_END, cpu.id(), pfn, order, gfp);
    }
  }

  /** The same, beginning on a node of the caller's choice. Models {@code __alloc_pages_node()}. */
  public long allocateOnNode(Cpu cpu, int gfp, int order, int node) {
    return allocate(cpu, gfp, order, /* callerFlags= */ 0, onNode(node));
  }

  /**
   * A request of a CPU that is only a number; {@code place} is a zone, {@link #onNode a node} or
   * {@link #ANY_ZONE}.
   */
  public long allocate(int cpu, int gfp, int order, int place) {
    return allocate(null, cpu, gfp, order, /* callerFlags= */ 0, place);
  }

  private long allocate(
      @Nullable Cpu cpu, int cpuId, int gfp, int order, int callerFlags, int place) {
    if (order < 0 || order > Zone.MAX_ORDER) {
      throw new IllegalArgumentException("order " + order + "; expected 0 to " + Zone.MAX_ORDER);
    }
    boolean wantsUnmapped = (gfp & Gfp.UNMAPPED) != 0 || (callerFlags & AllocFlags.UNMAPPED) != 0;
    int type = wantsUnmapped ? Migratetype.UNMOVABLE : Gfp.migratetype(gfp);
    int freetype = Freetype.of(type, wantsUnmapped);
    ZoneList list = zoneLists.of(cpuId, place, gfp);
    int flags = requestFlags.fast(gfp, type, isDefragMode || list.avoidsFragments) | callerFlags;
    long pfn = walkOnce(cpu, cpuId, list, gfp, order, freetype, flags | skipsBusyNodes);
    if (pfn == NONE) {
      pfn =
          allocateSlowly(
              new SlowPath.Request(cpu, cpuId, gfp, order, freetype, flags, callerFlags, list));
    }
    return pfn;
  }

  /** What follows when no zone had a block at the first look. */
  private long allocateSlowly(SlowPath.Request request) {
    long pfn = walkAgain(request, request.firstFlags() | skipsBusyNodes);
    if (pfn == NONE) {
      pfn = slowPath.allocate(request);
    }
    failures += pfn == NONE ? 1 : 0;
    return pfn;
  }

  /** Wakes kswapd on every node of a request. Models {@code wake_all_kswapds()}. */
  void wakeAll(SlowPath.Request request) {
    int last = -1;
    for (Zone zone : request.list().zones) {
      if (zone.node() != last) {
        last = zone.node();
        wakeups.wake(last, request.order(), Gfp.zone(request.gfp()));
      }
    }
  }

  /** Tries the zones for a request whose first attempt failed. */
  long walk(SlowPath.Request request, int flags) {
    int wanted = flags | skipsBusyNodes;
    long pfn = walkOnce(request, wanted);
    return pfn == NONE ? walkAgain(request, wanted) : pfn;
  }

  /** Tries the zones again after {@code tried} was in vain, each time with one scruple less. */
  private long walkAgain(SlowPath.Request request, int tried) {
    int scruples = AllocFlags.SKIP_BUSY | (isDefragMode ? 0 : AllocFlags.NOFRAGMENT);
    int flags = tried;
    long pfn = NONE;
    while (pfn == NONE && (flags & scruples) != 0) {
      boolean isBusy = (flags & AllocFlags.SKIP_BUSY) != 0;
      flags &= isBusy ? ~AllocFlags.SKIP_BUSY : ~AllocFlags.NOFRAGMENT;
      pfn = walkOnce(request, flags);
    }
    return pfn;
  }

  private long walkOnce(SlowPath.Request request, int flags) {
    return walkOnce(
        request.cpu(),
        request.cpuId(),
        request.list(),
        request.gfp(),
        request.order(),
        request.freetype(),
        flags);
  }

  /** Tries the zones in order. Models {@code get_page_from_freelist()}. */
  private long walkOnce(
      @Nullable Cpu cpu, int cpuId, ZoneList list, int gfp, int order, int freetype, int flags) {
    for (Zone zone : list.zones) {
      if (list.isChosen || isAllowed(zone, list, order, flags)) {
        long pfn = takeFrom(cpu, cpuId, zone, order, freetype, flags);
        if (pfn != NONE) {
          boolean isMovable = (gfp & Gfp.MOVABLE) != 0;
          memmap.setUsed(pfn, order, isMovable, Freetype.migratetype(freetype));
          return pfn;
        }
      }
    }
    return NONE;
  }

  /** Names a node as the place where a request begins. */
  public static int onNode(int node) {
    return ZoneLists.onNode(node);
  }

  /** Whether a zone's turn has come, and it has enough free pages. */
  private boolean isAllowed(Zone zone, ZoneList list, int order, int flags) {
    if (isPassedOver(zone, list, flags)) {
      return false;
    }
    if ((flags & AllocFlags.NO_WATERMARKS) != 0) {
      return true;
    }
    if (rules.autoTunesPcp() && !zone.isBelowHigh()) {
      int highFlags = (flags & ~AllocFlags.WMARK_MASK) | AllocFlags.WMARK_HIGH;
      if (Watermarks.allow(zone, order, highFlags, list.classIndex, rules)) {
        return true;
      }
      zone.setBelowHigh(true);
    }
    return Watermarks.allow(zone, order, flags, list.classIndex, rules);
  }

  /**
   * Whether a zone of several nodes is left for a later pass: one of another node while types are
   * kept apart, for locality matters more, and one that kswapd works on.
   */
  private boolean isPassedOver(Zone zone, ZoneList list, int flags) {
    if (zoneLists.nodes() == 1) {
      return false;
    }
    boolean keepsApart = (flags & AllocFlags.NOFRAGMENT) != 0 && !isDefragMode;
    boolean isBusy = (flags & AllocFlags.SKIP_BUSY) != 0 && zone.isReclaimActive();
    return isBusy || (keepsApart && zone.node() != list.preferredNode());
  }

  /** Takes a block from one zone. Models {@code rmqueue()}. */
  private long takeFrom(
      @Nullable Cpu cpu, int cpuId, Zone zone, int order, int freetype, int flags) {
    long pfn = NONE;
    if (pcpLists.allows(order) && !contention.isPcpHeld(cpuId)) {
      pfn = pcpLists.take(zone, pcpLists.of(zone, cpuId), order, freetype, flags);
    }
    if (pfn == NONE) {
      pfn = takePastPcp(cpu, cpuId, zone, order, freetype, flags);
    }
    if (zone.isBoosted() && (flags & AllocFlags.KSWAPD) != 0) {
      zone.setBoosted(false);
      wakeups.wake(zone.node(), 0, zone.kind());
    }
    if ((flags & AllocFlags.HIGHATOMIC) != 0 && order > 0 && pfn != NONE) {
      highatomic.reserve(zone, pfn);
    }
    return pfn;
  }

  private long takePastPcp(
      @Nullable Cpu cpu, int cpuId, Zone zone, int order, int freetype, int flags) {
    long pfn = takeFromBuddy(cpu, cpuId, zone, order, freetype, flags);
    return pfn == NONE && cpu != null ? conversion.convert(cpu, zone, order, freetype, flags) : pfn;
  }

  /** Models {@code rmqueue_buddy()}. */
  private long takeFromBuddy(
      @Nullable Cpu cpu, int cpuId, Zone zone, int order, int freetype, int flags) {
    if ((flags & AllocFlags.TRYLOCK) == 0) {
      zone.lock().acquire(cpu, cpuId);
    } else if (contention.isZoneHeld(cpuId) || !zone.lock().tryAcquire(cpu, cpuId)) {
      return NONE;
    }
    boolean mayUseHighatomic = highatomic.serves(freetype);
    long pfn = NONE;
    if (mayUseHighatomic && order > 0 && (flags & AllocFlags.HIGHATOMIC) != 0) {
      pfn = buddy.takeSmallest(zone, cpuId, order, highatomic.reservedType(freetype));
    }
    if (pfn == NONE) {
      fallback.begin();
      pfn = fallback.take(zone, cpuId, order, freetype, flags);
    }
    boolean triesHard = (flags & (AllocFlags.OOM | AllocFlags.HARDER)) != 0;
    if (pfn == NONE && mayUseHighatomic && triesHard && !rules.atomicBit()) {
      pfn = buddy.takeSmallest(zone, cpuId, order, highatomic.reservedType(freetype));
    }
    if (pfn != NONE) {
      zone.account(cpuId, -(1L << order), buddy.takenFreetype(pfn));
    }
    zone.lock().release(cpu);
    return pfn;
  }

  private void zero(Cpu cpu, long pfn, int order) {
    if (memmap.isBlockUnmapped(pfn)) {
      zeroing.zero(cpu, pfn, order);
    } else {
      int pageShift = cpu.machine().format().pageShift();
      cpu.charge(Primitive.ZERO_PAGE, 1L << (order + pageShift - ZEROED_AT_ONCE_SHIFT));
      cpu.machine().memory().zero(pfn << pageShift, 1L << (order + pageShift));
    }
  }

  // ---- frees

  /** Gives a block back. Models {@code __free_pages()} of a block without other references. */
  public void free(Cpu cpu, long pfn, int order) {
    cpu.charge(Primitive.PAGE_FREE);
    cpu.machine().events().record(KernelEvent.FRAMES_FREED, cpu.id(), pfn, order, 0);
    if (debugging != null) {
      debugging.givenBack(cpu, pfn, order);
    }
    free(cpu.id(), pfn, order);
  }

  /** The same for a CPU that is only a number. */
  public void free(int cpu, long pfn, int order) {
    Zone zone = zoneOf(pfn);
    int freetype = memmap.blockFreetype(pfn);
    boolean isIsolated = Freetype.migratetype(freetype) == Migratetype.ISOLATE;
    if (pcpLists.allows(order) && !isIsolated && !contention.isPcpHeld(cpu)) {
      pcpLists.free(zone, pcpLists.of(zone, cpu), pfn, order, freetype);
    } else {
      freeToBuddy(cpu, pfn, order, /* toTail= */ false);
    }
  }

  /** Gives a block back past the per-CPU lists. */
  public void freeToBuddy(int cpu, long pfn, int order, boolean toTail) {
    Zone zone = zoneOf(pfn);
    int piece = Math.min(order, config.blockOrder());
    if (!rules.listsFollowBlocks()) {
      piece = order;
    }
    zone.lock().hold(cpu);
    for (long at = pfn; at < pfn + (1L << order); at += 1L << piece) {
      buddy.free(zone, cpu, at, piece, memmap.blockFreetype(at), toTail);
    }
    zone.lock().drop();
  }

  // ---- isolation

  /** Isolates a frame's pageblock. Models {@code isolate_single_pageblock()}. */
  public boolean isolateBlock(int cpu, long pfn) {
    return blockIsolation.isolate(zoneOf(pfn), cpu, pfn);
  }

  /**
   * Ends the isolation of a frame's pageblock.
   *
   * @param migratetype what the block becomes in versions that forget its type meanwhile
   */
  public boolean undoIsolateBlock(int cpu, long pfn, int migratetype) {
    return blockIsolation.undo(zoneOf(pfn), cpu, pfn, migratetype);
  }

  /**
   * Takes the frames {@code [fromPfn, toPfn)} of one zone, moving whoever uses them; false if that
   * is not possible. Models {@code alloc_contig_range()}.
   */
  public boolean takeRange(Cpu cpu, long fromPfn, long toPfn) {
    attach(cpu);
    boolean isTaken = contiguous.take(cpu, cpu.id(), zoneOf(fromPfn), fromPfn, toPfn);
    for (long pfn = fromPfn; pfn < toPfn && isTaken; pfn++) {
      cpu.machine().events().record(KernelEvent.FRAMES_ALLOCATED, cpu.id(), pfn, 0, Gfp.KERNEL);
    }
    return isTaken;
  }

  /** Gives back what {@link #takeRange} took. */
  public void giveRangeBack(Cpu cpu, long fromPfn, long toPfn) {
    contiguous.giveBack(cpu, cpu.id(), fromPfn, toPfn);
  }

  // ---- upkeep

  /**
   * Lets changes of the free counters wait on their CPUs up to Linux's threshold; until then every
   * change is seen at once. Models {@code refresh_zone_stat_thresholds()} (mm/vmstat.c).
   */
  public void letCountersLag() {
    for (Zone zone : zones) {
      int threshold = Watermarks.counterThreshold(zone, config.cpus(), config.pageShift());
      zone.freePages().setThreshold(threshold);
    }
  }

  /**
   * What each CPU does once in a while: counters become visible, per-CPU lists that grew shrink.
   * Models {@code refresh_cpu_vm_stats()} (mm/vmstat.c).
   */
  public void refresh(int cpu) {
    for (Zone zone : zones) {
      zone.freePages().fold(cpu);
      pcpLists.decay(zone, pcpLists.of(zone, cpu));
    }
  }

  /** Whether a zone meets its high mark. Models {@code pgdat_balanced()} for one zone. */
  public boolean meetsHighMark(Zone zone, int order, int classIndex) {
    long mark = zone.marks()[AllocFlags.WMARK_HIGH] + zone.boost();
    return Watermarks.isOk(zone, order, mark, /* flags= */ 0, classIndex, rules);
  }

  /** Empties every per-CPU list. Models {@code drain_all_pages()}. */
  public void drainAll() {
    for (Zone zone : zones) {
      for (PerCpuPages pcp : pcpLists.of(zone)) {
        pcpLists.drainAll(zone, pcp);
      }
    }
  }

  // ---- looking

  /** The zone that spans a frame. */
  Zone zoneOf(long pfn) {
    for (int i = zoneTable.length - 1; i >= 0; i--) {
      if (zoneTable[i].spans(pfn)) {
        return zoneTable[i];
      }
    }
    throw new IllegalArgumentException("no zone spans frame " + pfn);
  }

  /** Whether a frame's pageblock is marked as absent from the direct map. */
  public boolean isUnmapped(long pfn) {
    return memmap.isBlockUnmapped(pfn);
  }

  /** What happens to contents of pages that change hands. */
  public PageDebugging.Options debuggingOptions() {
    return debugging == null ? PageDebugging.Options.NONE : debugging.options();
  }

  /** Freetype of a frame's pageblock. */
  public int blockFreetype(long pfn) {
    return memmap.blockFreetype(pfn);
  }

  /** Free pages of all zones, those on per-CPU lists not counted. */
  public long freePages() {
    return zones.stream().mapToLong(Zone::freePageCount).sum();
  }

  /** Pages on per-CPU lists. */
  public long pcpPages() {
    return pcpLists.pages();
  }

  /** Free pages on the lists of unmapped pageblocks. */
  public long freeUnmappedPages() {
    long pages = 0;
    for (Zone zone : zones) {
      for (int order = 0; order < Zone.ORDERS; order++) {
        pages += (long) zone.free().length(Zone.list(order, Migratetype.TYPES)) << order;
      }
    }
    return pages;
  }

  /** Real memory that the host spends on the frames' state. */
  public long residentBytes() {
    return memmap.residentBytes();
  }

  @Override
  public void close() {
    memmap.close();
  }
}
