package org.pagewright.kernel.alloc;

import java.util.List;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * How much a zone keeps free and for whom. Models {@code __setup_per_zone_wmarks()}, {@code
 * setup_per_zone_lowmem_reserve()} and {@code zone_watermark_fast()} (mm/page_alloc.c).
 */
final class Watermarks {
  private static final long SCALE_FACTOR = 10;
  private static final long MIN_FREE_KIB_MIN = 128;
  private static final long MIN_FREE_KIB_MAX = 262144;

  /** 128 MiB, as a shift of bytes. */
  private static final int THRESHOLD_SHIFT = 27;

  /** 1 KiB, as a shift of bytes. */
  private static final int KIB_SHIFT = 10;

  private static final int THRESHOLD_MAX = 125;

  private Watermarks() {}

  /** Sets marks and reserves of every zone from the pages that each manages. */
  static void setUp(List<Zone> zones, int pageShift) {
    int kibShift = pageShift - KIB_SHIFT;
    long lowmem = zones.stream().mapToLong(zone -> lowmemPages(zone)).sum();
    long root = (long) Math.sqrt((double) (lowmem << kibShift) * 16);
    long minPages = Math.clamp(root, MIN_FREE_KIB_MIN, MIN_FREE_KIB_MAX) >> kibShift;
    for (Zone zone : zones) {
      long share = lowmem == 0 ? 0 : minPages * zone.managedPages() / lowmem;
      boolean isMovable = zone.kind() == ZoneKind.MOVABLE;
      long min = isMovable ? Math.clamp(zone.managedPages() / 1024, 32L, 128L) : share;
      long delta = Math.max(share / 4, zone.managedPages() * SCALE_FACTOR / 10000);
      zone.marks()[AllocFlags.WMARK_MIN] = min;
      zone.marks()[AllocFlags.WMARK_LOW] = min + delta;
      zone.marks()[AllocFlags.WMARK_HIGH] = min + 2 * delta;
      zone.setBoost(0);
    }
    setUpReserves(zones);
  }

  private static long lowmemPages(Zone zone) {
    return zone.kind() == ZoneKind.MOVABLE ? 0 : zone.managedPages();
  }

  /**
   * How many pages a CPU may free or take before others see it. Models {@code
   * calculate_normal_threshold()} (mm/vmstat.c).
   */
  static int counterThreshold(Zone zone, int cpus, int pageShift) {
    long pieces = zone.managedPages() >>> (THRESHOLD_SHIFT - pageShift);
    int memory = Long.SIZE - Long.numberOfLeadingZeros(pieces);
    int ofCpus = Integer.SIZE - Integer.numberOfLeadingZeros(cpus);
    return Math.min(THRESHOLD_MAX, 2 * ofCpus * (1 + memory));
  }

  private static void setUpReserves(List<Zone> zones) {
    for (Zone zone : zones) {
      long above = 0;
      for (int kind = zone.kind().index() + 1; kind < ZoneKind.KINDS; kind++) {
        above += managedPages(zones, zone.node(), kind);
        int ratio = zone.kind().reserveRatio();
        zone.reserve()[kind] = ratio == 0 || zone.managedPages() == 0 ? 0 : above / ratio;
      }
    }
  }

  private static long managedPages(List<Zone> zones, int node, int kind) {
    return zones.stream()
        .filter(zone -> zone.node() == node && zone.kind().index() == kind)
        .mapToLong(zone -> zone.managedPages())
        .sum();
  }

  /** Whether a zone may serve a request of a zone class; models zone_watermark_fast(). */
  static boolean allow(Zone zone, int order, int flags, int classIndex, AllocatorRules rules) {
    long mark = zone.marks()[flags & AllocFlags.WMARK_MASK] + zone.boost();
    long free = zone.freePages().visible();
    if (order == 0 && free - unusable(zone, 0, flags, rules) > mark + zone.reserve()[classIndex]) {
      return true;
    }
    if (isOk(zone, order, mark, flags, classIndex, rules)) {
      return true;
    }
    boolean mayIgnoreBoost =
        order == 0
            && (flags & AllocFlags.MIN_RESERVE) != 0
            && zone.boost() > 0
            && (flags & AllocFlags.WMARK_MASK) == AllocFlags.WMARK_MIN;
    return mayIgnoreBoost
        && isOk(zone, order, zone.marks()[AllocFlags.WMARK_MIN], flags, classIndex, rules);
  }

  /**
   * Whether the free pages exceed a mark, and a block of the order is at hand. Since 6.3 a caller
   * that cannot block gets more of the reserve only if {@code __GFP_HIGH} opens it.
   */
  static boolean isOk(
      Zone zone, int order, long mark, int flags, int classIndex, AllocatorRules rules) {
    long min = mark;
    boolean isHigh = (flags & AllocFlags.MIN_RESERVE) != 0;
    if (isHigh) {
      min -= min / 2;
    }
    boolean mayTryHarder = isHigh || rules.atomicBit();
    if ((flags & AllocFlags.OOM) != 0) {
      min -= min / 2;
    } else if ((flags & AllocFlags.HARDER) != 0 && mayTryHarder) {
      min -= min / 4;
    }
    if (zone.freePages().visible() - unusable(zone, order, flags, rules)
        <= min + zone.reserve()[classIndex]) {
      return false;
    }
    return order == 0 || hasBlock(zone, order, flags);
  }

  /** Models {@code __zone_watermark_unusable_free()}. */
  private static long unusable(Zone zone, int order, int flags, AllocatorRules rules) {
    long pages = (1L << order) - 1;
    if ((flags & AllocFlags.RESERVES) == 0) {
      pages += rules.countsFreeReserve() ? zone.freeHighatomic() : zone.reservedHighatomic();
    }
    return (flags & AllocFlags.CMA) == 0 ? pages + zone.freeCma() : pages;
  }

  private static boolean hasBlock(Zone zone, int order, int flags) {
    for (int size = order; size <= Zone.MAX_ORDER; size++) {
      if (zone.freeBlocks()[size] == 0) {
        continue;
      }
      for (int type = 0; type < Migratetype.PCP_TYPES; type++) {
        if (zone.head(size, type) != Memmap.NONE) {
          return true;
        }
      }
      if (zone.head(size, Migratetype.TYPES) != Memmap.NONE
          || ((flags & AllocFlags.CMA) != 0 && zone.head(size, Migratetype.CMA) != Memmap.NONE)
          || ((flags & (AllocFlags.HIGHATOMIC | AllocFlags.OOM)) != 0
              && zone.head(size, Migratetype.HIGHATOMIC) != Memmap.NONE)) {
        return true;
      }
    }
    return false;
  }
}
