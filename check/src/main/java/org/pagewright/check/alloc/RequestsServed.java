package org.pagewright.check.alloc;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * A request fails only for want of memory.
 *
 * <p>Property: when a request fails, no zone that it may use has more than the min watermark free
 * (half of it for {@code __GFP_HIGH}, which ignores boost for single pages; boost and reserve for
 * lower zones come on top) and, on a list of a mobility that serves it, a large enough block: one
 * of its own flags, or, if the request may block and the direct map can be changed, a whole
 * pageblock of the other ones. Before a small request that may wait and retry fails, the
 * high-atomic reserve is given up. Sees: requests, changes of lists, watermarks and counters.
 * Checked: at each failure. Does not check: requests that only try locks, which may fail at any
 * time; requests of unmapped pages that the allocator zeroes, which need an address space; failures
 * while another CPU gives memory back, and after the direct map could not be changed; what
 * isolation and lists of CPUs hold.
 */
final class RequestsServed extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
              KernelEvent.FREE_PAGES_COUNTED,
              KernelEvent.BLOCK_UNMAPPED,
              KernelEvent.BLOCK_MAPPED,
              KernelEvent.BLOCK_UNCHANGED)
          .and(OpenRequests.KINDS)
          .and(FreeBlocks.KINDS);

  private static final int MOBILITIES = 3;

  private final PageAllocator allocator;
  private final FreeBlocks blocks;
  private final OpenRequests open;

  /** Whether the direct map was seen to change. */
  private boolean canConvert;

  RequestsServed(PageAllocator allocator, int cpus, List<Violation> violations) {
    super("requests-served", KINDS, violations);
    this.allocator = allocator;
    this.blocks = new FreeBlocks(allocator);
    this.open = new OpenRequests(cpus, allocator.zones().size());
    this.canConvert = allocator.freeUnmappedPages() > 0;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    blocks.event(kind, a, b, c);
    if (open.begin(kind, cpu, a, b, c) != null) {
      return;
    }
    switch (kind) {
      case KernelEvent.FREE_PAGES_COUNTED -> {
        if (b > 0) {
          open.forEachOfOthers(cpu, request -> request.isDisturbed = true);
        }
      }
      case KernelEvent.BLOCK_UNMAPPED, KernelEvent.BLOCK_MAPPED -> canConvert = true;
      case KernelEvent.BLOCK_UNCHANGED ->
          open.forEachOf(cpu, request -> request.isRefusedByDirectMap = true);
      default -> {}
    }
    OpenRequests.Request ended = open.end(kind, cpu);
    if (ended != null && kind == KernelEvent.REQUEST_FAILED) {
      failed(cpu, ended);
    }
  }

  @Override
  protected void inspect() {
    long listed = 0;
    for (Zone zone : allocator.zones()) {
      listed += blocks.unmappedPages(zone);
    }
    if (listed != allocator.freeUnmappedPages()) {
      violatedAtRest(
          "%d unmapped pages are free, the allocator tells %d"
              .formatted(listed, allocator.freeUnmappedPages()));
    }
  }

  private void failed(int cpu, OpenRequests.Request request) {
    boolean needsMm = (request.gfp & Gfp.UNMAPPED) != 0 && (request.gfp & Gfp.ZERO) != 0;
    if (request.isTryLock()
        || request.isDisturbed
        || request.isRefusedByDirectMap
        || needsMm
        || (request.wantsUnmapped() && !allocator.config().unmappedPool())) {
      return;
    }
    if (request.outlastsReserve()) {
      compareReserve(cpu, request);
    }
    for (Zone zone : allocator.zones()) {
      String source =
          zone.kind().index() > request.highestZone().index() ? null : at(zone, request);
      if (source != null && isAboveMin(zone, request)) {
        violated(
            cpu,
            "%s failed; zone %s has %d pages free, min is %d, and %s"
                .formatted(
                    request,
                    zone.kind().label(),
                    blocks.usablePages(zone),
                    zone.marks()[AllocFlags.WMARK_MIN],
                    source));
        return;
      }
    }
  }

  private void compareReserve(int cpu, OpenRequests.Request request) {
    for (Zone zone : allocator.zones()) {
      long pages = blocks.pages(zone, Migratetype.HIGHATOMIC);
      if (pages > 0) {
        violated(
            cpu,
            "%s failed; zone %s keeps %d free pages for high-atomic requests"
                .formatted(request, zone.kind().label(), pages));
      }
    }
  }

  private boolean isAboveMin(Zone zone, OpenRequests.Request request) {
    if (request.ignoresWatermarks()) {
      return true;
    }
    long free = Math.min(zone.freePages().visible(), blocks.usablePages(zone));
    long unusable = zone.reservedHighatomic() + (request.mayUseCma() ? 0 : zone.freeCma());
    boolean ignoresBoost = request.order == 0 && (request.gfp & Gfp.HIGH) != 0;
    long mark = zone.marks()[AllocFlags.WMARK_MIN] + (ignoresBoost ? 0 : zone.boost());
    long min = (request.gfp & Gfp.HIGH) != 0 ? mark - mark / 2 : mark;
    long reserve = zone.reserve()[request.highestZone().index()];
    return free - unusable - ((1L << request.order) - 1) > min + reserve;
  }

  /** What could have served a request, in words, or null. */
  private @Nullable String at(Zone zone, OpenRequests.Request request) {
    boolean isUnmapped = request.wantsUnmapped();
    if (hasBlock(zone, request.order, isUnmapped)) {
      return "a block of the order";
    }
    if (request.mayUseCma() && blocks.has(zone, request.order, Migratetype.CMA)) {
      return "a block of a contiguous-memory area";
    }
    int whole = Math.max(request.order, allocator.config().blockOrder());
    boolean mayConvert = canConvert && request.mayBlock();
    return mayConvert && hasBlock(zone, whole, !isUnmapped)
        ? "a pageblock that could be " + (isUnmapped ? "unmapped" : "mapped")
        : null;
  }

  private boolean hasBlock(Zone zone, int order, boolean isUnmapped) {
    if (isUnmapped) {
      return blocks.has(zone, order, Freetype.of(Migratetype.UNMOVABLE, isUnmapped));
    }
    for (int type = 0; type < MOBILITIES; type++) {
      if (blocks.has(zone, order, type)) {
        return true;
      }
    }
    return false;
  }
}
