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
 * @param unmappedPool whether requests may ask for pages that the direct map lacks
 */
public record AllocatorConfig(
    AllocatorRules rules, int cpus, List<Span> zones, int blockOrder, boolean unmappedPool) {

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

  /** Logarithm of the pages that {@link ZoneKind} counts in. */
  private static final int SMALLEST_PAGE_SHIFT = 12;

  public AllocatorConfig {
    zones = List.copyOf(zones);
    if (zones.isEmpty()) {
      throw new IllegalArgumentException("an allocator needs a zone");
    }
    if (cpus < 1 || cpus > 4096) {
      throw new IllegalArgumentException("cpus: " + cpus + "; expected 1 to 4096");
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
    return new AllocatorConfig(rules, cpus, zones, BLOCK_ORDER, /* unmappedPool= */ true);
  }

  /** First frame above every zone. */
  public long frames() {
    return zones.stream().mapToLong(Span::endPfn).max().orElseThrow();
  }
}
