package org.pagewright.lab.trace;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.trace.input.EventBatch;
import org.pagewright.lab.trace.input.RecordedState;

/**
 * Drives an allocator with the events of a trace, one CPU's stream beside the other's.
 *
 * <p>In the <i>acting</i> way the allocator refills and drains its per-CPU lists by its own rules,
 * and the recorded {@code zone_locked} and {@code pcpu_drain} events are compared with what it did.
 * In the <i>following</i> way, for traces that begin in an unknown state or lack their hidden
 * steps, the recorded events are those steps, and the allocator only keeps the lists. In both, an
 * allocation is predicted before its {@code mm_page_alloc} is looked at, and where they differ the
 * kernel's answer is taken over.
 */
final class Replayer implements ReplayAllocator.Listener {
  /** Preemption depth under a per-CPU list's lock: pinned to the CPU, and the lock itself. */
  private static final int DEPTH_UNDER_PCP_LOCK = 2;

  /** The bits of a gfp word that hold the migratetype, in every version. */
  private static final int GFP_TYPE_SHIFT = 3;

  private static final int GFP_TYPE_MASK = 3 << GFP_TYPE_SHIFT;

  /** What a replay knows beforehand, and how it acts on it. */
  record Knowledge(
      boolean isStartKnown, boolean areHiddenStepsKnown, boolean isZoneTold, boolean isActing) {
    boolean isComplete() {
      return isStartKnown && areHiddenStepsKnown;
    }
  }

  /** What is remembered of one CPU's stream. */
  static final class Stream {
    final int cpu;
    final LockedSteps refills = new LockedSteps();
    final LockedSteps drains = new LockedSteps();

    /** Whether our rules drained a list that the kernel has not drained since. */
    boolean isDrainHeldBack;

    /** Blocks of recorded refills since the last allocation, in the following way. */
    private long[] run = new long[64];

    private int runLength;
    private long seen;
    private final long skip;

    /** What was predicted for a block that goes past the per-CPU lists, and what it was. */
    private long directPredicted = ReplayAllocator.NONE;

    private long directTaken = ReplayAllocator.NONE;

    /** Frames of the last block allocated, as long as its unused end may be given back. */
    private long exactFrom;

    private long exactEnd;
    private boolean isGivingBack;

    /** Whether the last event outside interrupts came from a loop that holds the lists' lock. */
    private boolean isUnderPcpLock;

    private Stream(int cpu, long skip) {
      this.cpu = cpu;
      this.skip = skip;
    }

    private void addToRun(long block) {
      if (runLength == run.length) {
        run = Arrays.copyOf(run, 2 * runLength);
      }
      run[runLength++] = block;
    }

    /** Forgets a block that was freed before any request took it. */
    private void removeFromRun(long pfn) {
      int kept = 0;
      for (int i = 0; i < runLength; i++) {
        if (LockedSteps.pfn(run[i]) != pfn) {
          run[kept++] = run[i];
        }
      }
      runLength = kept;
    }

    private void startExact(long pfn, int order) {
      exactFrom = pfn + 1;
      exactEnd = pfn + (1L << order);
      isGivingBack = false;
    }

    /**
     * Whether the free of a page belongs to {@code make_alloc_exact()}, which gives the unused end
     * of a fresh block back, right behind its allocation and page after page.
     */
    private boolean takeExactEnd(long pfn, int order) {
      boolean isNext = isGivingBack ? pfn == exactFrom : pfn >= exactFrom;
      if (order != 0 || pfn >= exactEnd || !isNext) {
        exactEnd = 0;
        return false;
      }
      exactFrom = pfn + 1;
      isGivingBack = true;
      return true;
    }
  }

  private final ReplayAllocator allocator;
  private final Knowledge knowledge;
  private final ReplayCounts counts = new ReplayCounts();
  private final FrameSet freedInTrace = new FrameSet();
  private final FrameSet followed = new FrameSet();

  /** First frames of the pageblocks whose type an event told. */
  private final FrameSet toldBlocks = new FrameSet();

  private final HiddenStepper hidden;
  private final Realignment realignment;
  private final PartingTable partings;
  private final @Nullable RecordedState start;
  private Stream[] streams = {};

  /** A replay on {@code allocator}, which must have been made with this as its listener. */
  Replayer(
      ReplayAllocator allocator,
      Knowledge knowledge,
      @Nullable RecordedState start,
      HiddenStepper hidden,
      PartingTable partings) {
    this.allocator = allocator;
    this.knowledge = knowledge;
    this.start = start;
    this.hidden = hidden;
    this.partings = partings;
    realignment = new Realignment(allocator, counts, partings);
    allocator.setSelfActing(knowledge.isActing());
  }

  ReplayCounts counts() {
    return counts;
  }

  /** Replays the events of {@code batch}. */
  void replay(EventBatch batch) {
    for (int at = 0; at < batch.size(); at++) {
      int cpu = batch.cpu(at);
      Stream stream = cpu < streams.length ? streams[cpu] : addStream(cpu);
      hidden.runDue();
      hidden.countEvent(cpu);
      counts.events++;
      if (++stream.seen > stream.skip) {
        realignment.line = batch.line(at);
        replay(batch, at, stream);
      }
    }
  }

  /** Does what is left behind the last event. */
  void finish() {
    hidden.runDue();
    for (Stream stream : streams) {
      realignment.evenDrains(stream);
    }
  }

  private Stream addStream(int cpu) {
    int had = streams.length;
    streams = Arrays.copyOf(streams, cpu + 1);
    for (int id = had; id <= cpu; id++) {
      streams[id] = new Stream(id, start == null ? 0 : start.eventsBefore(id));
    }
    return streams[cpu];
  }

  private void replay(EventBatch batch, int at, Stream stream) {
    int kind = batch.kind(at);
    boolean isDrain = kind == EventBatch.PCPU_DRAIN;
    if (!isDrain && !stream.drains.isEven() && !batch.isInInterrupt(at)) {
      realignment.evenDrains(stream);
    }
    if (kind != EventBatch.FREE) {
      stream.exactEnd = 0;
    }
    if (!batch.isInInterrupt(at)) {
      stream.isUnderPcpLock = isDrain || kind == EventBatch.FREE_BATCHED;
    }
    switch (kind) {
      case EventBatch.ALLOC -> allocate(batch, at, stream);
      case EventBatch.FREE -> free(batch, at, stream);
      case EventBatch.FREE_BATCHED -> release(stream.cpu, batch.pfn(at), batch.order(at));
      case EventBatch.ZONE_LOCKED -> refill(batch, at, stream);
      case EventBatch.PCPU_DRAIN -> drain(batch, at, stream);
      case EventBatch.EXTFRAG -> fallBack(batch, at);
      default -> throw new AssertionError(kind);
    }
  }

  // Frees.

  private void free(EventBatch batch, int at, Stream stream) {
    long pfn = batch.pfn(at);
    int order = batch.order(at);
    counts.frees++;
    freedInTrace.add(pfn, order);
    if (hidden.takeHandOver(stream.cpu, pfn, order)) {
      allocator.handOver(stream.cpu, pfn, order);
    } else if (!batch.isBatchedLater(at)) {
      if (stream.takeExactEnd(pfn, order)) {
        freeToBuddy(stream.cpu, pfn, order, /* toTail= */ true);
      } else if (interruptsLockHolder(batch, at, stream)) {
        freeToBuddy(stream.cpu, pfn, order, /* toTail= */ false);
      } else {
        release(stream.cpu, pfn, order);
      }
    }
  }

  /** An interrupt cannot have the lock that it broke in on, and frees past the per-CPU lists. */
  private static boolean interruptsLockHolder(EventBatch batch, int at, Stream stream) {
    return stream.isUnderPcpLock
        && batch.isInInterrupt(at)
        && batch.depth(at) >= DEPTH_UNDER_PCP_LOCK;
  }

  private void release(int cpu, long pfn, int order) {
    takeIfFree(pfn, order);
    allocator.free(cpu, pfn, order);
  }

  private void freeToBuddy(int cpu, long pfn, int order, boolean toTail) {
    takeIfFree(pfn, order);
    allocator.freeToBuddy(cpu, pfn, order, toTail);
  }

  /** Takes a block off the lists that the kernel had handed out without our seeing it. */
  private void takeIfFree(long pfn, int order) {
    if (knowledge.isComplete() && partings.rows().isEmpty()) {
      return;
    }
    for (Stream stream : streams) {
      stream.removeFromRun(pfn);
    }
    if (realignment.takeAnywhere(pfn, order)) {
      counts.count(ReplayCounts.Repair.FREED_TWICE, 1);
    }
  }

  // Steps under the zone's lock.

  private void refill(EventBatch batch, int at, Stream stream) {
    long pfn = batch.pfn(at);
    int order = batch.order(at);
    int type = batch.migratetype(at);
    counts.recordedRefills++;
    long block = LockedSteps.block(pfn, order, type);
    if (knowledge.isActing()) {
      stream.refills.addRecorded(block);
      return;
    }
    if (allocator.isPcpOrder(order)) {
      takeUnderLock(pfn, order, type);
      stream.addToRun(block);
    } else {
      predictDirect(stream, pfn, order, type);
    }
  }

  /** Predicts a block that a request takes from the free lists itself, then takes it. */
  private void predictDirect(Stream stream, long pfn, int order, int type) {
    int zone = allocator.zoneOf(pfn);
    long predicted = allocator.takeSmallest(stream.cpu, zone, order, type);
    if (predicted != pfn) {
      if (predicted != ReplayAllocator.NONE) {
        // The kernel passed it over: it merged with a block we do not know, or lies elsewhere.
        allocator.freeToBuddy(stream.cpu, predicted, order, /* toTail= */ true);
      }
      takeUnderLock(pfn, order, type);
    }
    stream.directPredicted = predicted;
    stream.directTaken = pfn;
  }

  private void drain(EventBatch batch, int at, Stream stream) {
    long pfn = batch.pfn(at);
    int order = batch.order(at);
    int type = batch.migratetype(at);
    counts.recordedDrains++;
    if (knowledge.isActing()) {
      stream.isDrainHeldBack = false;
      stream.drains.addRecorded(LockedSteps.block(pfn, order, type));
      return;
    }
    takeUnderLock(pfn, order, type);
    allocator.freeToBuddy(stream.cpu, pfn, order, /* toTail= */ false);
  }

  /** Takes a block that the kernel moves under the zone's lock, which tells its block's type. */
  private void takeUnderLock(long pfn, int order, int type) {
    for (Stream stream : streams) {
      stream.removeFromRun(pfn);
    }
    boolean wasFree = realignment.takeAnywhere(pfn, order);
    if (!wasFree || !knowledge.isStartKnown()) {
      tellBlockType(pfn, type);
    }
  }

  private void tellBlockType(long pfn, int type) {
    toldBlocks.add(pfn & -RecordedState.PAGEBLOCK_PAGES, 0);
    allocator.setBlockType(pfn, type);
  }

  private void fallBack(EventBatch batch, int at) {
    counts.recordedFallbacks++;
    if (!knowledge.isActing() && batch.changesOwnership(at)) {
      long blocks = Math.max(1, (1L << batch.fallbackOrder(at)) / RecordedState.PAGEBLOCK_PAGES);
      for (long block = 0; block < blocks; block++) {
        tellBlockType(batch.pfn(at) + block * RecordedState.PAGEBLOCK_PAGES, batch.migratetype(at));
      }
    }
  }

  @Override
  public void locked(int cpu, long pfn, int order, int migratetype) {
    counts.ourRefills++;
    if (knowledge.isActing()) {
      streamOf(cpu).refills.addOurs(LockedSteps.block(pfn, order, migratetype));
    }
  }

  @Override
  public void drained(int cpu, long pfn, int order, int migratetype) {
    counts.ourDrains++;
    if (knowledge.isActing()) {
      streamOf(cpu).drains.addOurs(LockedSteps.block(pfn, order, migratetype));
    }
  }

  @Override
  public void fellBack(int cpu, long pfn, int order, int fallbackOrder, int from, int to) {
    counts.ourFallbacks++;
  }

  private Stream streamOf(int cpu) {
    return cpu < streams.length ? streams[cpu] : addStream(cpu);
  }

  // Allocations.

  private void allocate(EventBatch batch, int at, Stream stream) {
    long pfn = batch.pfn(at);
    int order = batch.order(at);
    countRequest(batch, at);
    int zone =
        knowledge.isZoneTold()
            ? allocator.zoneOf(pfn)
            : knowledge.isStartKnown()
                ? ReplayAllocator.ANY_ZONE
                : allocator.preferredZone(batch.gfp(at));
    long predicted =
        knowledge.isActing()
            ? allocator.allocate(stream.cpu, gfp(batch, at), order, zone)
            : follow(batch, at, stream, zone);
    boolean isFailure = pfn == 0;
    boolean isPredictable = knowledge.isStartKnown() || freedInTrace.contains(pfn);
    counts.predictable += isPredictable ? 1 : 0;
    if (isFailure ? predicted == ReplayAllocator.NONE : predicted == pfn) {
      counts.predicted++;
      counts.predictedOfPredictable += isPredictable ? 1 : 0;
      counts.predictedAfterFollowedRefill += followed.contains(pfn) ? 1 : 0;
      if (!stream.refills.isEven()) {
        realignment.evenRefills(stream);
      }
    } else {
      miss(batch, at, stream, predicted);
    }
    if (!isFailure && !knowledge.isStartKnown()) {
      learnBlockType(pfn, batch.migratetype(at));
    }
    if (!isFailure) {
      freedInTrace.remove(pfn, order);
      followed.remove(pfn, order);
    }
    stream.directPredicted = ReplayAllocator.NONE;
    stream.directTaken = ReplayAllocator.NONE;
    if (order > 0) {
      stream.startExact(pfn, order);
    }
  }

  /** The request's flags, corrected where unknown names hide the type that the event prints. */
  private static int gfp(EventBatch batch, int at) {
    int gfp = batch.gfp(at);
    int type = batch.migratetype(at);
    boolean isHidden = type < 3 && (gfp & GFP_TYPE_MASK) != type << GFP_TYPE_SHIFT;
    return isHidden ? (gfp & ~GFP_TYPE_MASK) | (type << GFP_TYPE_SHIFT) : gfp;
  }

  /** A frame came from a list of {@code type}, so its block most likely has that type. */
  private void learnBlockType(long pfn, int type) {
    if (type < 3 && !toldBlocks.contains(pfn & -RecordedState.PAGEBLOCK_PAGES)) {
      tellBlockType(pfn, type);
    }
  }

  private void countRequest(EventBatch batch, int at) {
    counts.allocations++;
    counts.allocationsByOrder[Math.min(batch.order(at), ReplayCounts.ORDERS - 1)]++;
    counts.allocationsByType[Math.min(batch.migratetype(at), ReplayCounts.MIGRATETYPES - 1)]++;
    counts.recordedFailures += batch.pfn(at) == 0 ? 1 : 0;
  }

  /** Predicts from the lists alone, after bringing in the refills since the last allocation. */
  private long follow(EventBatch batch, int at, Stream stream, int zone) {
    int order = batch.order(at);
    int type = batch.migratetype(at);
    long first = ReplayAllocator.NONE;
    for (int i = 0; i < stream.runLength; i++) {
      long block = stream.run[i];
      long pfn = LockedSteps.pfn(block);
      int blockOrder = LockedSteps.order(block);
      int blockType = LockedSteps.migratetype(block);
      boolean isForThis = blockOrder == order && blockType == type;
      if (isForThis && first == ReplayAllocator.NONE) {
        first = pfn;
        // A refill of several blocks happens to an empty list only.
        if (i + 1 < stream.runLength && stream.run[i + 1] >>> 48 == block >>> 48) {
          realignment.dropAll(stream.cpu, allocator.zoneOf(pfn), order, type);
        }
      }
      followed.add(pfn, blockOrder);
      allocator.putOnPcp(stream.cpu, pfn, blockOrder, blockType, /* toTail= */ true);
    }
    stream.runLength = 0;
    if (first != ReplayAllocator.NONE) {
      allocator.takeFromPcp(first, order);
      return first;
    }
    if (!allocator.isPcpOrder(order)) {
      return stream.directPredicted;
    }
    return allocator.allocate(stream.cpu, gfp(batch, at), order, zone);
  }

  private void miss(EventBatch batch, int at, Stream stream, long predicted) {
    long pfn = batch.pfn(at);
    int order = batch.order(at);
    MissCause cause = cause(batch, at, stream, predicted);
    counts.misses.merge(cause, 1L, Long::sum);
    counts.ourFailures += predicted == ReplayAllocator.NONE ? 1 : 0;
    if (knowledge.isActing()) {
      partings.count(
          pfn == 0 ? PartingTable.Kind.FAILURE : PartingTable.Kind.FRAME,
          batch.line(at),
          PartingTable.frame(pfn == 0 ? ReplayAllocator.NONE : pfn),
          PartingTable.frame(predicted));
    }
    if (stream.directTaken == pfn) {
      return;
    }
    if (predicted != ReplayAllocator.NONE) {
      realignment.putBack(stream.cpu, predicted, order, batch.migratetype(at));
    }
    if (!stream.refills.isEven()) {
      realignment.evenRefills(stream);
    }
    if (pfn != 0) {
      realignment.adopt(stream, pfn, order, batch.migratetype(at), batch.isInInterrupt(at));
    }
  }

  private MissCause cause(EventBatch batch, int at, Stream stream, long predicted) {
    long pfn = batch.pfn(at);
    boolean hasOtherZone =
        pfn != 0
            && predicted != ReplayAllocator.NONE
            && allocator.zoneOf(pfn) != allocator.zoneOf(predicted);
    if (hasOtherZone && !knowledge.isZoneTold()) {
      return MissCause.ZONE_CHOICE;
    }
    if (knowledge.isComplete()) {
      boolean isUnderZoneLock = !stream.refills.isEven() || !allocator.isPcpOrder(batch.order(at));
      return streams.length > 1 && isUnderZoneLock ? MissCause.CPU_ORDER : MissCause.OUR_BUG;
    }
    boolean isKnownFree = knowledge.isStartKnown() || freedInTrace.contains(pfn);
    return isKnownFree ? MissCause.UNSEEN_EVENT : MissCause.UNKNOWN_INITIAL_ORDER;
  }
}
