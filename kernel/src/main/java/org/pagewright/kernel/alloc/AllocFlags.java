package org.pagewright.kernel.alloc;

/** What an attempt to allocate may do. Models {@code ALLOC_*} (mm/internal.h, 7.0). */
public final class AllocFlags {
  public static final int WMARK_MIN = 0;
  public static final int WMARK_LOW = 1;
  public static final int WMARK_HIGH = 2;
  public static final int WMARK_MASK = 3;
  public static final int NO_WATERMARKS = 0x04;
  public static final int OOM = 0x08;

  /** {@code ALLOC_NON_BLOCK}, {@code ALLOC_HARDER} in 6.1 and in the unmapped series. */
  public static final int HARDER = 0x10;

  /** {@code ALLOC_MIN_RESERVE}, {@code ALLOC_HIGH} in 6.1. */
  public static final int MIN_RESERVE = 0x20;

  public static final int CPUSET = 0x40;
  public static final int CMA = 0x80;
  public static final int NOFRAGMENT = 0x100;
  public static final int HIGHATOMIC = 0x200;
  public static final int TRYLOCK = 0x400;
  public static final int KSWAPD = 0x800;

  /** The request wants pages that the direct map lacks; versions 3 and 4 of the series. */
  public static final int UNMAPPED = 0x2000;

  /** The caller cannot block, so nothing may be converted. */
  public static final int NOBLOCK = 0x4000;

  /** Ours: zones that kswapd works on are left for a second pass (7.0). */
  static final int SKIP_BUSY = 0x10000;

  /** Flags that let a request into the reserves. */
  static final int RESERVES = HARDER | MIN_RESERVE | HIGHATOMIC | OOM;

  /** Flags that a caller may pass; everything else follows from the request. */
  static final int FROM_CALLER = UNMAPPED | TRYLOCK;

  private AllocFlags() {}
}
