package org.pagewright.kernel.alloc;

import java.util.Map;
import org.pagewright.kernel.buddy.ZoneKind;

/**
 * Allocation request flags. Models {@code gfp_t} (include/linux/gfp_types.h, 6.12 and later on a
 * plain x86-64 build; bits 0 to 8 and 10 to 23 are the same in 6.1).
 */
public final class Gfp {
  public static final int DMA = 1;
  public static final int HIGHMEM = 1 << 1;
  public static final int DMA32 = 1 << 2;
  public static final int MOVABLE = 1 << 3;
  public static final int RECLAIMABLE = 1 << 4;
  public static final int HIGH = 1 << 5;
  public static final int IO = 1 << 6;
  public static final int FS = 1 << 7;
  public static final int ZERO = 1 << 8;

  /** 6.1 only: {@code __GFP_ATOMIC}; the bit is unused later. */
  public static final int ATOMIC_6_1 = 1 << 9;

  public static final int DIRECT_RECLAIM = 1 << 10;
  public static final int KSWAPD_RECLAIM = 1 << 11;
  public static final int WRITE = 1 << 12;
  public static final int NOWARN = 1 << 13;
  public static final int RETRY_MAYFAIL = 1 << 14;
  public static final int NOFAIL = 1 << 15;
  public static final int NORETRY = 1 << 16;
  public static final int MEMALLOC = 1 << 17;
  public static final int COMP = 1 << 18;
  public static final int NOMEMALLOC = 1 << 19;
  public static final int HARDWALL = 1 << 20;
  public static final int THISNODE = 1 << 21;
  public static final int ACCOUNT = 1 << 22;
  public static final int ZEROTAGS = 1 << 23;
  public static final int NO_OBJ_EXT = 1 << 24;

  /** {@code __GFP_UNMAPPED}, versions 1 and 2 of the series only. */
  public static final int UNMAPPED = 1 << 25;

  public static final int RECLAIM = DIRECT_RECLAIM | KSWAPD_RECLAIM;
  public static final int ATOMIC = HIGH | KSWAPD_RECLAIM;
  public static final int KERNEL = RECLAIM | IO | FS;
  public static final int KERNEL_ACCOUNT = KERNEL | ACCOUNT;
  public static final int NOWAIT = KSWAPD_RECLAIM | NOWARN;
  public static final int NOIO = RECLAIM;
  public static final int NOFS = RECLAIM | IO;
  public static final int USER = KERNEL | HARDWALL;
  public static final int HIGHUSER = USER | HIGHMEM;
  public static final int HIGHUSER_MOVABLE = HIGHUSER | MOVABLE;
  public static final int TRANSHUGE_LIGHT =
      (HIGHUSER_MOVABLE | COMP | NOMEMALLOC | NOWARN) & ~RECLAIM;
  public static final int TRANSHUGE = TRANSHUGE_LIGHT | DIRECT_RECLAIM;

  private static final int ZONE_BITS = DMA | HIGHMEM | DMA32 | MOVABLE;

  /** The two bits that say how movable the page will be. */
  public static final int MOVABLE_MASK = MOVABLE | RECLAIMABLE;

  /** Flag names that the kernel prints and that mean nothing to an allocator. */
  private static final int NOTHING = 0;

  private static final Map<String, Integer> NAMES =
      Map.ofEntries(
          Map.entry("GFP_TRANSHUGE", TRANSHUGE),
          Map.entry("GFP_TRANSHUGE_LIGHT", TRANSHUGE_LIGHT),
          Map.entry("GFP_HIGHUSER_MOVABLE", HIGHUSER_MOVABLE),
          Map.entry("GFP_HIGHUSER", HIGHUSER),
          Map.entry("GFP_USER", USER),
          Map.entry("GFP_KERNEL_ACCOUNT", KERNEL_ACCOUNT),
          Map.entry("GFP_KERNEL", KERNEL),
          Map.entry("GFP_NOFS", NOFS),
          Map.entry("GFP_ATOMIC", ATOMIC),
          Map.entry("GFP_NOIO", NOIO),
          Map.entry("GFP_NOWAIT", NOWAIT),
          Map.entry("GFP_DMA", DMA),
          Map.entry("GFP_DMA32", DMA32),
          Map.entry("__GFP_RECLAIM", RECLAIM),
          Map.entry("__GFP_DMA", DMA),
          Map.entry("__GFP_HIGHMEM", HIGHMEM),
          Map.entry("__GFP_DMA32", DMA32),
          Map.entry("__GFP_MOVABLE", MOVABLE),
          Map.entry("__GFP_RECLAIMABLE", RECLAIMABLE),
          Map.entry("__GFP_HIGH", HIGH),
          Map.entry("__GFP_IO", IO),
          Map.entry("__GFP_FS", FS),
          Map.entry("__GFP_ZERO", ZERO),
          Map.entry("__GFP_DIRECT_RECLAIM", DIRECT_RECLAIM),
          Map.entry("__GFP_KSWAPD_RECLAIM", KSWAPD_RECLAIM),
          Map.entry("__GFP_WRITE", WRITE),
          Map.entry("__GFP_NOWARN", NOWARN),
          Map.entry("__GFP_RETRY_MAYFAIL", RETRY_MAYFAIL),
          Map.entry("__GFP_NOFAIL", NOFAIL),
          Map.entry("__GFP_NORETRY", NORETRY),
          Map.entry("__GFP_MEMALLOC", MEMALLOC),
          Map.entry("__GFP_COMP", COMP),
          Map.entry("__GFP_NOMEMALLOC", NOMEMALLOC),
          Map.entry("__GFP_HARDWALL", HARDWALL),
          Map.entry("__GFP_THISNODE", THISNODE),
          Map.entry("__GFP_ACCOUNT", ACCOUNT),
          Map.entry("__GFP_ZEROTAGS", ZEROTAGS),
          Map.entry("__GFP_NO_OBJ_EXT", NOTHING),
          Map.entry("__GFP_SKIP_ZERO", NOTHING),
          Map.entry("__GFP_SKIP_KASAN", NOTHING),
          Map.entry("__GFP_SKIP_KASAN_POISON", NOTHING),
          Map.entry("__GFP_SKIP_KASAN_UNPOISON", NOTHING),
          Map.entry("__GFP_NOLOCKDEP", NOTHING));

  /** Index of the zone's kind for each combination of the bits that choose it. */
  private static final byte[] ZONE_INDEXES = new byte[ZONE_BITS + 1];

  static {
    for (int bits = 0; bits <= ZONE_BITS; bits++) {
      ZONE_INDEXES[bits] = (byte) zone(bits).index();
    }
  }

  private Gfp() {}

  /**
   * The bits of a flag or of a set of flags by the name that a kernel of {@code rules} prints, or
   * -1. Models {@code __def_gfpflag_names} (include/trace/events/mmflags.h).
   */
  public static int named(String name, AllocatorRules rules) {
    if (!rules.atomicBit()) {
      return NAMES.getOrDefault(name, -1);
    }
    return switch (name) {
      case "__GFP_ATOMIC" -> ATOMIC_6_1;
      case "GFP_ATOMIC" -> ATOMIC | ATOMIC_6_1;
      case "GFP_NOWAIT" -> KSWAPD_RECLAIM;
      default -> NAMES.getOrDefault(name, -1);
    };
  }

  /** Mobility of the request. Models {@code gfp_migratetype()}. */
  public static int migratetype(int gfp) {
    assert (gfp & MOVABLE_MASK) != MOVABLE_MASK : "movable and reclaimable at once";
    return (gfp >>> 3) & 3;
  }

  /** Highest zone the request may use. Models {@code gfp_zone()} on 64-bit. */
  public static ZoneKind zone(int gfp) {
    if ((gfp & DMA) != 0) {
      return ZoneKind.DMA;
    }
    if ((gfp & DMA32) != 0) {
      return ZoneKind.DMA32;
    }
    boolean isUserMovable = (gfp & (HIGHMEM | MOVABLE)) == (HIGHMEM | MOVABLE);
    return isUserMovable ? ZoneKind.MOVABLE : ZoneKind.NORMAL;
  }

  /** {@link ZoneKind#index} of that zone. */
  static int zoneIndex(int gfp) {
    return ZONE_INDEXES[gfp & ZONE_BITS];
  }

  public static boolean allowsDirectReclaim(int gfp) {
    return (gfp & DIRECT_RECLAIM) != 0;
  }
}
