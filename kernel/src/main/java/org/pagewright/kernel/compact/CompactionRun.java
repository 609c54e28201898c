package org.pagewright.kernel.compact;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.buddy.Capture;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.compact.CompactionResult.Ending;

/**
 * One pass over a zone: a scanner from below collects what can be moved, one from above the free
 * frames to move it to, until they meet. Models {@code compact_zone()} and {@code struct
 * compact_control} (mm/compaction.c, 7.0).
 */
final class CompactionRun {
  /** In the place of an order: everything is moved together, whatever that makes. */
  static final int EVERYTHING = -1;

  /** Pages that are moved at a time: {@code COMPACT_CLUSTER_MAX}. */
  private static final int CLUSTER = 32;

  private final Compaction compaction;
  private final @Nullable Cpu cpu;
  private final int cpuId;
  private final Zone zone;
  private final Memmap memmap;
  private final Compaction.ZoneMemory memory;
  private final int order;
  private final int freetype;
  private final CompactionPriority priority;
  private final Capture capture;
  private final boolean startsWhole;

  /** Blocks to be moved, lowest first, and how many pages they have. */
  private final FrameStack sources = new FrameStack();

  private int sourcePages;

  /** Free blocks to move to, by order, and how many pages they have. */
  private final FrameStack[] targets = new FrameStack[Zone.ORDERS];

  private long targetPages;

  /** Where the scanner from below goes on. */
  private long migratePfn;

  /** The pageblock in which the scanner from above goes on, and where in it. */
  private long freeBlock;

  private long freePfn;
  private long lastMoved = Memmap.NONE;

  CompactionRun(
      Compaction compaction,
      @Nullable Cpu cpu,
      int cpuId,
      Zone zone,
      int order,
      int freetype,
      CompactionPriority priority) {
    this.compaction = compaction;
    this.cpu = cpu;
    this.cpuId = cpuId;
    this.zone = zone;
    this.memmap = zone.memmap();
    this.memory = compaction.memory(zone);
    this.order = order;
    this.freetype = freetype;
    this.priority = priority;
    this.capture = new Capture(cpuId, order, freetype);
    this.migratePfn = memory.migratePfn;
    this.freeBlock = memory.freePfn;
    this.freePfn = freeBlock;
    this.startsWhole = migratePfn <= zone.startPfn();
    for (int size = 0; size < targets.length; size++) {
      targets[size] = new FrameStack();
    }
  }

  CompactionResult run() {
    zone.setCapture(order == EVERYTHING ? null : capture);
    Ending ending = ending();
    while (ending == null) {
      final long from = migratePfn;
      collectSources();
      boolean hasRoom = moveSources();
      drainBehind(from);
      ending = hasRoom || capture.pfn() != Memmap.NONE ? ending() : Ending.PARTIAL;
    }
    zone.setCapture(null);
    releaseTargets();
    memory.migratePfn = migratePfn;
    memory.freePfn = freeBlock;
    if (ending == Ending.COMPLETE || ending == Ending.PARTIAL) {
      memory.reset(zone);
      forgetSkips(ending);
    }
    return new CompactionResult(ending, capture.pfn());
  }

  /** Why to stop, or null. Models {@code compact_finished()}. */
  private @Nullable Ending ending() {
    if (capture.pfn() != Memmap.NONE) {
      return Ending.SUCCESS;
    }
    if (memmap.blockStart(migratePfn) >= freeBlock) {
      compaction.services().drain(cpuId, zone);
      if (capture.pfn() != Memmap.NONE) {
        return Ending.SUCCESS;
      }
      return startsWhole ? Ending.COMPLETE : Ending.PARTIAL;
    }
    // A pageblock is finished first, so that fewer requests fall back to it.
    boolean isBetweenBlocks = order != EVERYTHING && (migratePfn & (memmap.blockPages() - 1)) == 0;
    return isBetweenBlocks && hasBlock() ? Ending.SUCCESS : null;
  }

  private boolean hasBlock() {
    int type = Freetype.migratetype(freetype);
    for (int size = order; size <= Zone.MAX_ORDER; size++) {
      for (int other = 0; other < Migratetype.PCP_TYPES; other++) {
        boolean isTaken = other == type || size >= memmap.blockOrder() / 2;
        if (isTaken && zone.head(size, other) != Memmap.NONE) {
          return true;
        }
      }
    }
    return false;
  }

  // ---- from below

  /** Collects movable blocks of one pageblock. Models {@code isolate_migratepages()}. */
  private void collectSources() {
    while (sources.isEmpty() && memmap.blockStart(migratePfn) < freeBlock) {
      long blockStart = memmap.blockStart(migratePfn);
      long end = Math.min(blockStart + memmap.blockPages(), zone.endPfn());
      if (!isSource(blockStart)) {
        migratePfn = end;
        continue;
      }
      boolean isWhole = migratePfn == Math.max(blockStart, zone.startPfn());
      migratePfn = collectUpTo(end);
      if (isWhole && migratePfn >= end && sources.isEmpty()) {
        memmap.setBlockSkipped(blockStart, /* isSkipped= */ true);
      }
    }
  }

  private long collectUpTo(long end) {
    long pfn = migratePfn;
    int largest = order == EVERYTHING ? memmap.blockOrder() : order;
    while (pfn < end && sourcePages < CLUSTER) {
      int state = memmap.state(pfn);
      int size = state == Memmap.TAIL ? 0 : memmap.order(pfn);
      if (state == Memmap.USED && memmap.isMovable(pfn) && size < largest) {
        sources.push(pfn);
        sourcePages += 1 << size;
      }
      pfn += 1L << size;
    }
    return Math.min(pfn, end);
  }

  /** Models {@code suitable_migration_source()}. Unmapped pageblocks hold nothing movable. */
  private boolean isSource(long blockStart) {
    int of = memmap.blockFreetype(blockStart);
    int type = Freetype.migratetype(of);
    if (Freetype.isUnmapped(of) || type == Migratetype.ISOLATE || isSkipped(blockStart)) {
      return false;
    }
    if (priority != CompactionPriority.ASYNC) {
      return true;
    }
    int wanted = Freetype.migratetype(freetype);
    return wanted == Migratetype.MOVABLE ? isMovable(type) : type == wanted;
  }

  private static boolean isMovable(int type) {
    return type == Migratetype.MOVABLE || type == Migratetype.CMA;
  }

  private boolean isSkipped(long blockStart) {
    return priority != CompactionPriority.SYNC_FULL && memmap.isBlockSkipped(blockStart);
  }

  // ---- moving

  /** A block on its way, which nobody uses at this moment. */
  private record Move(PageMover mover, long fromPfn, long toPfn, int order) {}

  /**
   * Moves what was collected, with one flush for all of it; false if there is nowhere to move it.
   * Models {@code migrate_pages_batch()}.
   */
  private boolean moveSources() {
    boolean hasRoom = true;
    List<Move> moves = new ArrayList<>();
    for (int i = 0; i < sources.size() && hasRoom; i++) {
      long from = sources.at(i);
      boolean isStill = memmap.state(from) == Memmap.USED && memmap.isMovable(from);
      int size = memmap.order(from);
      long to = isStill ? takeTarget(size) : Memmap.NONE;
      hasRoom = !isStill || to != Memmap.NONE;
      PageMover mover = to == Memmap.NONE ? null : compaction.detach(cpu, from, size);
      if (mover != null) {
        moves.add(new Move(mover, from, to, size));
      } else if (to != Memmap.NONE) {
        addTarget(to, size);
      }
    }
    finish(moves);
    sources.clear();
    sourcePages = 0;
    return hasRoom;
  }

  private void finish(List<Move> moves) {
    if (!moves.isEmpty()) {
      compaction.flush(cpu);
    }
    for (Move move : moves) {
      boolean isDone =
          compaction.finish(cpu, cpuId, move.mover, move.fromPfn, move.toPfn, move.order);
      if (!isDone) {
        addTarget(move.toPfn, move.order);
      }
    }
  }

  /** Frees what lies on the CPU's lists when the scanner has left a block of the wanted size. */
  private void drainBehind(long from) {
    if (order == EVERYTHING) {
      return;
    }
    if (lastMoved == Memmap.NONE) {
      lastMoved = from;
    }
    if (lastMoved < (migratePfn & -(1L << order))) {
      compaction.services().drain(cpuId, zone);
      lastMoved = Memmap.NONE;
    }
  }

  // ---- from above

  private long takeTarget(int size) {
    if (largestTarget(size) < 0) {
      collectTargets();
    }
    int from = largestTarget(size);
    if (from < 0) {
      return Memmap.NONE;
    }
    long pfn = targets[from].pop();
    targetPages -= 1L << from;
    for (int half = from - 1; half >= size; half--) {
      addTarget(pfn + (1L << half), half);
    }
    memmap.setUsed(pfn, size, /* isMovable= */ false, Migratetype.MOVABLE);
    return pfn;
  }

  /** The smallest sufficient order of what was collected, or -1. */
  private int largestTarget(int size) {
    for (int from = size; from < targets.length; from++) {
      if (!targets[from].isEmpty()) {
        return from;
      }
    }
    return -1;
  }

  private void addTarget(long pfn, int size) {
    memmap.setUsed(pfn, size, /* isMovable= */ false, Migratetype.MOVABLE);
    targets[size].push(pfn);
    targetPages += 1L << size;
  }

  /** Takes free frames out of pageblocks, from above. Models {@code isolate_freepages()}. */
  private void collectTargets() {
    while (freeBlock > memmap.blockStart(migratePfn) && targetPages < sourcePages) {
      boolean isFinished = true;
      if (isTarget(freeBlock)) {
        long before = targetPages;
        isFinished = collectFrom(Math.min(freeBlock + memmap.blockPages(), zone.endPfn()));
        if (isFinished && targetPages == before && freePfn == freeBlock) {
          memmap.setBlockSkipped(freeBlock, /* isSkipped= */ true);
        }
      }
      if (isFinished) {
        freeBlock -= memmap.blockPages();
        freePfn = Math.max(freeBlock, zone.startPfn());
      }
    }
  }

  /** True if the pageblock has nothing more. */
  private boolean collectFrom(long end) {
    zone.lock().acquire(cpu, cpuId);
    long pfn = freePfn;
    while (pfn < end && targetPages < sourcePages) {
      int state = memmap.state(pfn);
      int size = state == Memmap.TAIL ? 0 : memmap.order(pfn);
      boolean mayTake =
          state == Memmap.FREE && compaction.services().hasFree(zone, 1L << size, false);
      if (mayTake) {
        compaction.isolation().take(zone, cpuId, pfn, size);
        addTarget(pfn, size);
      }
      pfn += 1L << size;
    }
    zone.lock().release(cpu);
    freePfn = pfn;
    return pfn >= end;
  }

  /** Models {@code suitable_migration_target()}: a free pageblock is worth more as it is. */
  private boolean isTarget(long blockStart) {
    boolean isFree =
        memmap.state(blockStart) == Memmap.FREE && memmap.order(blockStart) >= memmap.blockOrder();
    int of = memmap.blockFreetype(blockStart);
    return !isFree
        && !Freetype.isUnmapped(of)
        && isMovable(Freetype.migratetype(of))
        && !isSkipped(blockStart);
  }

  private void releaseTargets() {
    zone.lock().acquire(cpu, cpuId);
    for (int size = 0; size < targets.length; size++) {
      while (!targets[size].isEmpty()) {
        compaction.isolation().putBack(zone, cpuId, targets[size].pop(), size);
      }
    }
    zone.lock().release(cpu);
    targetPages = 0;
  }

  /** Lets pageblocks be looked at again once a pass saw the whole zone. */
  private void forgetSkips(Ending ending) {
    if (ending != Ending.COMPLETE) {
      return;
    }
    long first = memmap.blockStart(zone.startPfn());
    for (long at = first; at < zone.endPfn(); at += memmap.blockPages()) {
      memmap.setBlockSkipped(at, /* isSkipped= */ false);
    }
  }
}
