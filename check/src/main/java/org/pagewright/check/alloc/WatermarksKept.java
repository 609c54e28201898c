package org.pagewright.check.alloc;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Zone;

/**
 * What is kept for others is not handed out.
 *
 * <p>Property: a request that gets frames of a zone found more free there, at some time since it
 * began, than the min watermark and the zone's reserve against higher zones allow it: half of min
 * for {@code __GFP_HIGH}, three eighths if it also may not block, all for {@code __GFP_MEMALLOC}.
 * Each zone's min, low and high marks are in order and equally far apart, and it keeps the more
 * from a request the higher the zones are that this may use. No more is managed than is present; at
 * most one pageblock more than 1% is reserved for high-atomic requests; what CPUs may keep is
 * within its bounds, which together are no more than the low mark. Sees: requests, counters,
 * watermarks. Checked: when a request gets frames; at rest. Does not check: the low and high marks,
 * which only decide when kswapd wakes; the boost, which some requests ignore; requests inside of
 * which watermarks were set anew.
 */
final class WatermarksKept extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(KernelEvent.FREE_PAGES_COUNTED).and(OpenRequests.KINDS);

  private final PageAllocator allocator;
  private final OpenRequests open;

  WatermarksKept(PageAllocator allocator, int cpus, List<Violation> violations) {
    super("watermarks-kept", KINDS, violations);
    this.allocator = allocator;
    this.open = new OpenRequests(cpus, allocator.zones().size());
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    OpenRequests.Request begun = open.begin(kind, cpu, a, b, c);
    if (begun != null) {
      allocator.zones().forEach(zone -> note(begun, zone, 0));
    } else if (kind == KernelEvent.FREE_PAGES_COUNTED && b > 0) {
      Zone zone = allocator.zones().get((int) a);
      open.forEach(request -> note(request, zone, b));
    }
    OpenRequests.Request ended = open.end(kind, cpu);
    if (ended != null && kind == KernelEvent.FRAMES_ALLOCATED && !ended.ignoresWatermarks()) {
      compare(cpu, ended, a);
    }
  }

  /** The event comes before the counter changes. */
  private static void note(OpenRequests.Request request, Zone zone, long more) {
    long free = Math.max(zone.freePageCount(), zone.freePages().visible()) + more;
    request.mostFree[zone.id()] = Math.max(request.mostFree[zone.id()], free);
  }

  @Override
  protected void inspect() {
    String broken = AllocatorVerifier.firstBrokenBound(allocator);
    if (broken != null) {
      violatedAtRest(broken);
    }
    for (Zone zone : allocator.zones()) {
      long[] marks = zone.marks();
      long toLow = marks[AllocFlags.WMARK_LOW] - marks[AllocFlags.WMARK_MIN];
      long toHigh = marks[AllocFlags.WMARK_HIGH] - marks[AllocFlags.WMARK_LOW];
      boolean isGrowing = true;
      for (int kind = 1; kind < zone.reserve().length; kind++) {
        isGrowing &= zone.reserve()[kind - 1] <= zone.reserve()[kind];
      }
      boolean isInOrder =
          marks[AllocFlags.WMARK_MIN] >= 0 && toLow >= 0 && toHigh == toLow && isGrowing;
      if (!isInOrder || zone.reserve()[zone.kind().index()] != 0) {
        violatedAtRest(
            "zone %s has marks %s and keeps %s from higher zones"
                .formatted(
                    zone.kind().label(), Arrays.toString(marks), Arrays.toString(zone.reserve())));
      }
    }
  }

  private void compare(int cpu, OpenRequests.Request request, long pfn) {
    Zone zone = zoneOf(pfn);
    if (zone == null) {
      return;
    }
    long min = leastMark(zone.marks()[AllocFlags.WMARK_MIN], request);
    long reserve = zone.reserve()[request.highestZone().index()];
    long most = request.mostFree[zone.id()] - ((1L << request.order) - 1);
    if (most <= min + reserve) {
      violated(
          cpu,
          "%s got frame 0x%x of zone %s, where %d pages were free and %d are kept from it"
              .formatted(
                  request, pfn, zone.kind().label(), request.mostFree[zone.id()], min + reserve));
    }
  }

  private long leastMark(long min, OpenRequests.Request request) {
    boolean isOld = allocator.config().rules().atomicBit();
    boolean isHigh = (request.gfp & Gfp.HIGH) != 0;
    boolean triesHarder =
        isOld
            ? (request.gfp & Gfp.ATOMIC_6_1) != 0
            : isHigh && (request.gfp & Gfp.DIRECT_RECLAIM) == 0;
    long mark = isHigh ? min - min / 2 : min;
    return triesHarder && (request.gfp & Gfp.NOMEMALLOC) == 0 ? mark - mark / 4 : mark;
  }

  private @Nullable Zone zoneOf(long pfn) {
    for (Zone zone : allocator.zones()) {
      if (zone.spans(pfn)) {
        return zone;
      }
    }
    return null;
  }
}
