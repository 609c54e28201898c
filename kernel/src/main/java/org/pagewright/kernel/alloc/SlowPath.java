package org.pagewright.kernel.alloc;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;

/**
 * What a request does when the first attempt failed: lower marks, reserves, reclaim, and failure as
 * an answer. Models {@code __alloc_pages_slowpath()} (mm/page_alloc.c).
 */
final class SlowPath {
  /** Attempts that reclaim makes possible before a request gives up. */
  private static final int RECLAIM_LOOPS = 16;

  private final PageAllocator allocator;

  SlowPath(PageAllocator allocator) {
    this.allocator = allocator;
  }

  /** First frame of a block, or {@link PageAllocator#NONE}. */
  long allocate(AllocationRequest request) {
    RequestFlags rules = allocator.requestFlags();
    int slow =
        rules.afterFirst(
            request.gfp(),
            request.order(),
            request.migratetype(),
            request.firstFlags(),
            request.fromCaller());
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
        : reclaim(cpu, request, flags);
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

  private long reclaim(Cpu cpu, AllocationRequest request, int flags) {
    boolean hasDrained = false;
    for (int i = 0; i < RECLAIM_LOOPS; i++) {
      long progress = allocator.reclaim().reclaim(cpu, request.order());
      if (progress == 0 && hasDrained) {
        return PageAllocator.NONE;
      }
      if (!hasDrained) {
        allocator.drainAll();
        allocator.highatomic().unreserve(allocator.zones(), request.migratetype());
        hasDrained = true;
      }
      long pfn = allocator.walk(request, flags);
      if (pfn != PageAllocator.NONE) {
        return pfn;
      }
    }
    return PageAllocator.NONE;
  }
}
