package org.pagewright.kernel.alloc;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.compact.CompactionServices;

/** What compaction needs of an allocator. */
final class CompactionSupport implements CompactionServices {
  private final PageAllocator allocator;

  CompactionSupport(PageAllocator allocator) {
    this.allocator = allocator;
  }

  @Override
  public boolean hasFree(Zone zone, long pages, boolean aboveLow) {
    long mark = zone.marks()[aboveLow ? AllocFlags.WMARK_LOW : AllocFlags.WMARK_MIN];
    return Watermarks.isOk(
        zone, 0, mark + pages, AllocFlags.CMA, zone.kind().index(), allocator.config.rules());
  }

  @Override
  public void copy(@Nullable Cpu cpu, long fromPfn, long toPfn, int order) {
    if (cpu != null) {
      int pageShift = cpu.machine().format().pageShift();
      cpu.charge(
          Primitive.COPY_PAGE, 1L << (order + pageShift - PageAllocator.ZEROED_AT_ONCE_SHIFT));
      long bytes = 1L << (order + pageShift);
      cpu.machine().memory().copy(toPfn << pageShift, fromPfn << pageShift, bytes);
      for (long i = 0; i < 1L << order; i++) {
        cpu.machine()
            .events()
            .record(KernelEvent.FRAME_COPIED, cpu.id(), toPfn + i, fromPfn + i, 0);
      }
    }
  }

  @Override
  public void moved(@Nullable Cpu cpu, long toPfn, int order) {
    if (cpu != null) {
      // The task that compacts may use reserves, and may be in the middle of a request of its own.
      int gfp = Gfp.HIGHUSER_MOVABLE | Gfp.MEMALLOC;
      cpu.machine().events().record(KernelEvent.REQUEST, cpu.id(), gfp, order, 0);
      cpu.machine().events().record(KernelEvent.FRAMES_ALLOCATED, cpu.id(), toPfn, order, gfp);
    }
  }

  @Override
  public void free(@Nullable Cpu cpu, int cpuId, long pfn, int order) {
    if (cpu == null) {
      allocator.free(cpuId, pfn, order);
    } else {
      allocator.free(cpu, pfn, order);
    }
  }

  @Override
  public void drain(int cpuId, Zone zone) {
    allocator.pcpLists.drainAll(zone, allocator.pcpLists.of(zone, cpuId));
  }

  @Override
  public void drainAll() {
    allocator.drainAll();
  }

  @Override
  public long allocateTarget(int cpuId, int order) {
    return allocator.allocate(
        cpuId, Gfp.HIGHUSER_MOVABLE & ~Gfp.DIRECT_RECLAIM, order, PageAllocator.ANY_ZONE);
  }
}
