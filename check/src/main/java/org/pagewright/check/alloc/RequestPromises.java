package org.pagewright.check.alloc;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * A request gets what it asks for, and nothing is done for it that its caller ruled out.
 *
 * <p>Property: the frames of a request begin at a multiple of their size, lie in a zone that it may
 * use, count as movable exactly if it says so, in pageblocks that are unmapped exactly if it wants
 * unmapped frames, and of a contiguous-memory area only if they can be moved, and of the
 * high-atomic reserve only if their caller cannot wait. While a CPU serves a request that may not
 * block, or may only try locks, it neither changes the direct map nor flushes kernel addresses nor
 * calls other CPUs. Sees: requests, changes of the direct map, flushes, calls, pageblocks. Checked:
 * when a request gets frames, and at each of the others. Does not check: whether the caller could
 * have blocked after all; waiting for a lock, which non-blocking requests may do; pages of isolated
 * pageblocks that lists of CPUs still hold.
 */
final class RequestPromises extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
              KernelEvent.FREE_LIST_REMOVE,
              KernelEvent.ATTRIBUTES_CHANGE,
              KernelEvent.BLOCK_UNMAPPED,
              KernelEvent.BLOCK_MAPPED,
              KernelEvent.FLUSH_KERNEL,
              HardwareEvent.IPI_SEND)
          .and(OpenRequests.KINDS);

  private final PageAllocator allocator;
  private final AllocatorRepairs repairs;
  private final OpenRequests open;

  /** By CPU: the block of the high-atomic reserve that left its list last, and its end. */
  private final long[] reservedFrom;

  private final long[] reservedTo;

  RequestPromises(PageAllocator allocator, int cpus, List<Violation> violations) {
    super("request-promises", KINDS, violations);
    this.allocator = allocator;
    this.repairs = new AllocatorRepairs(allocator);
    this.open = new OpenRequests(cpus, /* zones= */ 0);
    this.reservedFrom = new long[cpus];
    this.reservedTo = new long[cpus];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (open.begin(kind, cpu, a, b, c) != null) {
      reservedTo[cpu] = 0;
      return;
    }
    if (kind == KernelEvent.FREE_LIST_REMOVE
        && Freetype.migratetype((int) c) == Migratetype.HIGHATOMIC) {
      reservedFrom[cpu] = a;
      reservedTo[cpu] = a + (1L << b);
    }
    OpenRequests.Request ended = open.end(kind, cpu);
    if (ended != null && kind == KernelEvent.FRAMES_ALLOCATED) {
      compare(cpu, ended, a);
    }
    switch (kind) {
      case KernelEvent.ATTRIBUTES_CHANGE -> ruledOut(cpu, "attributes of pages changed");
      case KernelEvent.BLOCK_UNMAPPED -> ruledOut(cpu, "a pageblock left the direct map");
      case KernelEvent.BLOCK_MAPPED -> ruledOut(cpu, "a pageblock joined the direct map");
      case KernelEvent.FLUSH_KERNEL -> ruledOut(cpu, "kernel addresses were flushed");
      case HardwareEvent.IPI_SEND -> ruledOut(cpu, "CPU " + a + " was called");
      default -> {}
    }
  }

  private void ruledOut(int cpu, String what) {
    OpenRequests.Request request = open.of(cpu);
    if (request != null && !request.mayBlock()) {
      violated(cpu, what + " for " + request + ", which may not block");
    }
  }

  private void compare(int cpu, OpenRequests.Request request, long pfn) {
    long pages = 1L << request.order;
    if ((pfn & (pages - 1)) != 0) {
      violated(cpu, request + " got frame " + hex(pfn) + ", no multiple of its size");
    }
    for (Zone zone : allocator.zones()) {
      if (zone.spans(pfn) && zone.kind().index() > request.highestZone().index()) {
        violated(cpu, request + " got frame " + hex(pfn) + " of zone " + zone.kind().label());
      }
    }
    boolean isMovable = repairs.movableOrder(pfn) >= 0;
    if (isMovable != ((request.gfp & Gfp.MOVABLE) != 0)) {
      String state = isMovable ? "movable" : "unmovable";
      violated(cpu, request + " got frame " + hex(pfn) + ", which counts as " + state);
    }
    boolean isOfReserve =
        pfn >= reservedFrom[cpu]
            && pfn < reservedTo[cpu]
            && Freetype.migratetype(allocator.blockFreetype(pfn)) == Migratetype.HIGHATOMIC;
    if (isOfReserve && (request.gfp & Gfp.DIRECT_RECLAIM) != 0) {
      violated(cpu, request + " got frame " + hex(pfn) + " of the high-atomic reserve");
    }
    int step = 1 << allocator.config().blockOrder();
    for (long at = pfn; at < pfn + pages; at += step) {
      compareBlock(cpu, request, at);
    }
  }

  private void compareBlock(int cpu, OpenRequests.Request request, long pfn) {
    int freetype = allocator.blockFreetype(pfn);
    if (Freetype.isUnmapped(freetype) != request.wantsUnmapped()) {
      String kind = Freetype.isUnmapped(freetype) ? "an unmapped" : "a mapped";
      violated(cpu, request + " got frame " + hex(pfn) + " of " + kind + " pageblock");
    }
    if (Freetype.migratetype(freetype) == Migratetype.CMA && !request.mayUseCma()) {
      violated(cpu, request + " got frame " + hex(pfn) + " of a contiguous-memory area");
    }
  }
}
