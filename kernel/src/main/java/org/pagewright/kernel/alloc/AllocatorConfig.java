package org.pagewright.kernel.alloc;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * What an allocator depends on besides the requests.
 *
 * @param rules the kernel version
 * @param zones the zones, lowest first within a node
 * @param blockOrder {@code pageblock_order}
 * @param pageShift {@code PAGE_SHIFT}; marks and per-CPU limits are set in bytes
 * @param unmappedPool whether requests may ask for pages that the direct map lacks
 */
public record AllocatorConfig(
    AllocatorRules rules,
    int cpus,
    List<Span> zones,
    int blockOrder,
    int pageShift,
    boolean unmappedPool) {

  /** A zone's frames, {@code [startPfn, endPfn)}. */
  public record Span(ZoneKind kind, int node, long startPfn, long endPfn) {
    public Span {
      if (startPfn < 0 || endPfn <= startPfn || endPfn > 1L << 31) {
        throw new IllegalArgumentException(
            "zone %s spans frames %d to %d; expected a range below 2^31"
                .formatted(kind, startPfn, endPfn));
      }
    }
  }

  /** {@code pageblock_order} with pages of 4 KiB and huge pages of 2 MiB. */
  public static final int BLOCK_ORDER = 9;

  /** Logarithm of the pages of x86, which {@link ZoneKind} counts in, too. */
  public static final int SMALLEST_PAGE_SHIFT = 12;

  public AllocatorConfig {
    zones = List.copyOf(zones);
    if (zones.isEmpty()) {
      throw new IllegalArgumentException("an allocator needs a zone");
    }
    if (cpus < 1 || cpus > 4096) {
      throw new IllegalArgumentException("cpus: " + cpus + "; expected 1 to 4096");
    }
    if (pageShift < SMALLEST_PAGE_SHIFT || pageShift > 16) {
      throw new IllegalArgumentException("pageShift: " + pageShift + "; expected 12 to 16");
    }
    if (blockOrder < 1 || blockOrder >= Zone.MAX_ORDER + 1) {
      throw new IllegalArgumentException("blockOrder: " + blockOrder + "; expected 1 to 10");
    }
  }

  /** One node with the zones of x86-64 over a memory map, with pages of 4 KiB. */
  public static AllocatorConfig of(MemoryMap map, int cpus, AllocatorRules rules) {
    return of(map, cpus, rules, SMALLEST_PAGE_SHIFT);
  }

  /**
   * The same zones with pages of {@code 1 << pageShift} bytes. Pageblocks keep their order, as with
   * {@code CONFIG_PAGE_BLOCK_MAX_ORDER=9}, so a huge page of a larger granule spans several.
   */
  public static AllocatorConfig of(MemoryMap map, int cpus, AllocatorRules rules, int pageShift) {
    int larger = pageShift - SMALLEST_PAGE_SHIFT;
    long start = Math.max(1, map.ranges().getFirst().from() >>> pageShift);
    long end = map.ranges().getLast().to() >>> pageShift;
    List<Span> zones = new ArrayList<>();
    long at = start;
    for (ZoneKind kind : List.of(ZoneKind.DMA, ZoneKind.DMA32, ZoneKind.NORMAL)) {
      long to = Math.min(end, kind.endPfn() >>> larger);
      if (to > at) {
        zones.add(new Span(kind, /* node= */ 0, at, to));
        at = to;
      }
    }
    return new AllocatorConfig(
        rules, cpus, zones, BLOCK_ORDER, pageShift, /* unmappedPool= */ true);
  }

  /** The same memory in several nodes of equal shares, the zones cut where nodes meet. */
  public AllocatorConfig withNodes(int nodes) {
    if (nodes < 1 || nodes > cpus) {
      throw new IllegalArgumentException("nodes: " + nodes + "; expected 1 to " + cpus);
    }
    long start = zones.getFirst().startPfn();
    long share = (frames() - start + nodes - 1) / nodes;
    List<Span> cut = new ArrayList<>();
    for (int node = 0; node < nodes; node++) {
      long from = node == 0 ? start : aligned(start + node * share);
      long to = node == nodes - 1 ? frames() : aligned(start + (node + 1) * share);
      for (Span span : zones) {
        long first = Math.max(from, span.startPfn());
        long end = Math.min(to, span.endPfn());
        if (first < end) {
          cut.add(new Span(span.kind(), node, first, end));
        }
      }
    }
    return new AllocatorConfig(rules, cpus, cut, blockOrder, pageShift, unmappedPool);
  }

  /** The same, where requests may ask for pages that the direct map lacks, or may not. */
  public AllocatorConfig withUnmappedPool(boolean has) {
    return new AllocatorConfig(rules, cpus, zones, blockOrder, pageShift, has);
  }

  private static long aligned(long pfn) {
    return pfn & -(1L << Zone.MAX_ORDER);
  }

  /** First frame above every zone. */
  public long frames() {
    return zones.stream().mapToLong(Span::endPfn).max().orElseThrow();
  }
}
