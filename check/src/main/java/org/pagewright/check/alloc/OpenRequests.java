package org.pagewright.check.alloc;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * The requests that are being served, by CPU; one may ask for a page table inside of another.
 *
 * <p>What a request may do is derived here from its flags as their documentation says
 * (include/linux/gfp_types.h), not by the allocator's own code.
 */
final class OpenRequests {
  /** With these events requests begin and end. */
  static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.REQUEST, KernelEvent.FRAMES_ALLOCATED, KernelEvent.REQUEST_FAILED);

  /** {@code PAGE_ALLOC_COSTLY_ORDER}: above it a request gives up early. */
  private static final int COSTLY_ORDER = 3;

  /** A request that began and has not ended. */
  static final class Request {
    final int gfp;
    final int order;
    final int callerFlags;

    /** By zone: the most pages that were free since it began. */
    final long[] mostFree;

    /** Whether another CPU gave memory back meanwhile. */
    boolean isDisturbed;

    /** Whether the direct map could not be changed for it. */
    boolean isRefusedByDirectMap;

    Request(int gfp, int order, int callerFlags, int zones) {
      this.gfp = gfp;
      this.order = order;
      this.callerFlags = callerFlags;
      this.mostFree = new long[zones];
    }

    boolean wantsUnmapped() {
      return (gfp & Gfp.UNMAPPED) != 0 || (callerFlags & AllocFlags.UNMAPPED) != 0;
    }

    boolean isTryLock() {
      return (callerFlags & AllocFlags.TRYLOCK) != 0;
    }

    /** Whether it may wait, so also for other CPUs. */
    boolean mayBlock() {
      return (gfp & Gfp.DIRECT_RECLAIM) != 0 && !isTryLock();
    }

    /** Whether all that can be tried is tried before it fails: small, may wait and may retry. */
    boolean outlastsReserve() {
      return mayBlock() && (gfp & (Gfp.NORETRY | Gfp.MEMALLOC)) == 0 && order <= COSTLY_ORDER;
    }

    /** Unmapped pages are unmovable whatever the flags say. */
    boolean mayUseCma() {
      return (gfp & Gfp.MOVABLE) != 0 && !wantsUnmapped();
    }

    boolean ignoresWatermarks() {
      return (gfp & Gfp.MEMALLOC) != 0 && (gfp & Gfp.NOMEMALLOC) == 0;
    }

    /** The highest zone that it may use. */
    ZoneKind highestZone() {
      if ((gfp & Gfp.DMA) != 0) {
        return ZoneKind.DMA;
      }
      if ((gfp & Gfp.DMA32) != 0) {
        return ZoneKind.DMA32;
      }
      boolean isHighMovable = (gfp & Gfp.HIGHMEM) != 0 && (gfp & Gfp.MOVABLE) != 0;
      return isHighMovable ? ZoneKind.MOVABLE : ZoneKind.NORMAL;
    }

    @Override
    public String toString() {
      String kind = wantsUnmapped() ? "unmapped" : "mapped";
      return "a request for %s frames of order %d with gfp 0x%x".formatted(kind, order, gfp);
    }
  }

  private final List<Deque<Request>> open = new ArrayList<>();
  private final int zones;

  OpenRequests(int cpus, int zones) {
    this.zones = zones;
    for (int cpu = 0; cpu < cpus; cpu++) {
      open.add(new ArrayDeque<>());
    }
  }

  /** The request that begins with an event, or null if none does. */
  @Nullable Request begin(int kind, int cpu, long a, long b, long c) {
    if (kind != KernelEvent.REQUEST) {
      return null;
    }
    Request request = new Request((int) a, (int) b, (int) c, zones);
    open.get(cpu).push(request);
    return request;
  }

  /** The request that ends with an event, or null if none does. */
  @Nullable Request end(int kind, int cpu) {
    boolean ends = kind == KernelEvent.FRAMES_ALLOCATED || kind == KernelEvent.REQUEST_FAILED;
    return ends ? open.get(cpu).poll() : null;
  }

  /** The request that a CPU serves, or null. */
  @Nullable Request of(int cpu) {
    return open.get(cpu).peek();
  }

  void forEach(Consumer<Request> action) {
    open.forEach(ofCpu -> ofCpu.forEach(action));
  }

  /** Does something for the requests that a CPU serves. */
  void forEachOf(int cpu, Consumer<Request> action) {
    open.get(cpu).forEach(action);
  }

  /** Does something for the requests that other CPUs serve. */
  void forEachOfOthers(int cpu, Consumer<Request> action) {
    for (int other = 0; other < open.size(); other++) {
      if (other != cpu) {
        open.get(other).forEach(action);
      }
    }
  }
}
