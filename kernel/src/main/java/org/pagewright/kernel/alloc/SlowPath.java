package org.pagewright.kernel.alloc;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.compact.CompactionPriority;
import org.pagewright.kernel.compact.CompactionResult;

/**
 * What a request does when the first attempt failed: lower marks, reserves, compaction, reclaim,
 * and failure as an answer. Models {@code __alloc_pages_slowpath()} (mm/page_alloc.c).
 */
final class SlowPath {
  /**
   * A request whose first attempt failed. Models {@code struct alloc_context} (mm/internal.h).
   *
   * @param cpu the CPU that asks, null where a replay asks for it
   * @param cpuId its number
   * @param freetype what the pages must be
   * @param firstFlags flags of the first attempt
   * @param fromCaller flags that the caller passed
   * @param list the zones that may serve it
   */
  record Request(
      @Nullable Cpu cpu,
      int cpuId,
      int gfp,
      int order,
      int freetype,
      int firstFlags,
      int fromCaller,
      ZoneList list) {

    int migratetype() {
      return Freetype.migratetype(freetype);
    }
  }

  /** Attempts without progress before a request gives up: {@code MAX_RECLAIM_RETRIES}. */
  private static final int RECLAIM_LOOPS = 16;

  /** Victims that one request asks for. */
  private static final int VICTIMS_MAX = 16;

  private final PageAllocator allocator;

  SlowPath(PageAllocator allocator) {
    this.allocator = allocator;
  }

  /** First frame of a block, or {@link PageAllocator#NONE}. */
  long allocate(Request request) {
    RequestFlags rules = allocator.requestFlags();
    int slow =
        rules.afterFirst(
            request.gfp(),
            request.order(),
            request.migratetype(),
            request.firstFlags(),
            request.fromCaller());
    slow |= allocator.isDefragMode() ? AllocFlags.NOFRAGMENT : 0;
    if ((slow & AllocFlags.KSWAPD) != 0) {
      allocator.wakeAll(request);
    }
    long pfn = allocator.walk(request, slow);
    if (pfn != PageAllocator.NONE) {
      return pfn;
    }
    int granted = reserves(request.gfp(), request.cpu());
    int flags = granted == 0 ? slow : rules.withReserves(granted, slow, request.fromCaller());
    if (granted != 0) {
      pfn = allocator.walk(request, flags);
    }
    boolean mayReclaim =
        Gfp.allowsDirectReclaim(request.gfp()) && granted != AllocFlags.NO_WATERMARKS;
    Cpu cpu = request.cpu();
    return pfn != PageAllocator.NONE || cpu == null || !mayReclaim
        ? pfn
        : waitForMemory(cpu, request, flags);
  }

  private int reserves(int gfp, @Nullable Cpu cpu) {
    if ((gfp & Gfp.NOMEMALLOC) != 0) {
      return 0;
    }
    if ((gfp & Gfp.MEMALLOC) != 0) {
      return AllocFlags.NO_WATERMARKS;
    }
    return cpu == null ? 0 : allocator.taskReserves().granted(cpu);
  }

  private long waitForMemory(Cpu cpu, Request request, int flags) {
    long pfn = reclaimAndCompact(cpu, request, flags);
    boolean isLast = false;
    for (int i = 0; i < VICTIMS_MAX && pfn == PageAllocator.NONE && !isLast; i++) {
      allocator.highatomic().unreserveAll(allocator.zones(), request.migratetype());
      isLast = !mayKill(request) || !allocator.reclaim().kill(cpu);
      pfn = allocator.walk(request, flags & ~AllocFlags.NOFRAGMENT);
    }
    boolean mustNotFail = (request.gfp() & Gfp.NOFAIL) != 0;
    return pfn == PageAllocator.NONE && mustNotFail
        ? allocator.walk(request, (flags & ~AllocFlags.WMARK_MASK) | AllocFlags.NO_WATERMARKS)
        : pfn;
  }

  /** Whether a victim would help, and the request is worth one. Models out_of_memory()'s caller. */
  private static boolean mayKill(Request request) {
    int mayFail = Gfp.NORETRY | Gfp.RETRY_MAYFAIL | Gfp.THISNODE;
    return request.order() <= PerCpuPages.COSTLY_ORDER
        && (request.gfp() & mayFail) == 0
        && (request.gfp() & Gfp.FS) != 0;
  }

  /** The attempts that wait for other people's memory. */
  private long reclaimAndCompact(Cpu cpu, Request request, int flags) {
    boolean isCostly = request.order() > PerCpuPages.COSTLY_ORDER;
    boolean mixes = request.order() > 0 && request.migratetype() != Migratetype.MOVABLE;
    if (isCostly || mixes) {
      long pfn = compact(cpu, request, flags, CompactionPriority.ASYNC);
      if (pfn != PageAllocator.NONE) {
        return pfn;
      }
    }
    long pfn = reclaimUntilNothingHelps(cpu, request, flags);
    if (pfn == PageAllocator.NONE && (flags & AllocFlags.NOFRAGMENT) != 0) {
      pfn = reclaimUntilNothingHelps(cpu, request, flags & ~AllocFlags.NOFRAGMENT);
    }
    return pfn;
  }

  private long reclaimUntilNothingHelps(Cpu cpu, Request request, int flags) {
    CompactionPriority priority = CompactionPriority.ASYNC;
    boolean hasDrained = false;
    boolean givesUpEarly = (request.gfp() & Gfp.NORETRY) != 0;
    for (int i = 0; i < RECLAIM_LOOPS; i++) {
      long progress = allocator.reclaim().reclaim(cpu, request.order());
      if (!hasDrained) {
        allocator.drainAll();
        allocator.highatomic().unreserve(allocator.zones(), request.migratetype());
      }
      long pfn = allocator.walk(request, flags);
      if (pfn == PageAllocator.NONE) {
        pfn = compact(cpu, request, flags, priority);
      }
      boolean isHopeless =
          progress == 0
              && hasDrained
              && (priority == CompactionPriority.SYNC_FULL || !canCompact(request));
      if (pfn != PageAllocator.NONE || isHopeless || givesUpEarly) {
        return pfn;
      }
      priority = priority.next();
      hasDrained = true;
    }
    return PageAllocator.NONE;
  }

  // ---- compaction

  /**
   * What is to be compacted for a request: for an unmapped one of versions 3 and 4 of the series a
   * whole pageblock of mapped memory, for only a whole one can be converted.
   */
  private int orderToCompact(Request request) {
    boolean isPromoted = (request.fromCaller() & AllocFlags.UNMAPPED) != 0;
    return isPromoted
        ? Math.max(request.order(), allocator.config().blockOrder())
        : request.order();
  }

  private boolean canCompact(Request request) {
    return allocator.compaction().isPossible()
        && orderToCompact(request) > 0
        && (request.gfp() & Gfp.IO) != 0;
  }

  /** Models {@code __alloc_pages_direct_compact()}. */
  private long compact(Cpu cpu, Request request, int flags, CompactionPriority priority) {
    if (!canCompact(request)) {
      return PageAllocator.NONE;
    }
    int order = orderToCompact(request);
    for (Zone zone : request.list().zones) {
      CompactionResult result =
          allocator.compaction().compact(cpu, cpu.id(), zone, order, request.freetype(), priority);
      if (result.pfn() != Memmap.NONE) {
        boolean isMovable = (request.gfp() & Gfp.MOVABLE) != 0;
        allocator.memmap.setUsed(result.pfn(), order, isMovable, request.migratetype());
        allocator.compaction().noteStall(true);
        return result.pfn();
      }
      if (result.ending() == CompactionResult.Ending.SUCCESS) {
        break;
      }
    }
    long pfn = allocator.walk(request, flags);
    allocator.compaction().noteStall(pfn != PageAllocator.NONE);
    return pfn;
  }
}
