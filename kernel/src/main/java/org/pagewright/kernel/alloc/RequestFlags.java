package org.pagewright.kernel.alloc;

import org.pagewright.kernel.buddy.Migratetype;

/**
 * What each attempt of a request may do. Models {@code prepare_alloc_pages()}, {@code
 * gfp_to_alloc_flags()} and {@code __gfp_pfmemalloc_flags()} (mm/page_alloc.c), with the flags that
 * the unmapped series adds.
 *
 * <p>The lowest bits of the flags are the number of a watermark, so flags of two attempts must not
 * be put together as sets. What a caller passed, and that it cannot block, holds for all attempts.
 */
public class RequestFlags {
  private final AllocatorRules rules;

  public RequestFlags(AllocatorConfig config) {
    this.rules = config.rules();
  }

  /** Flags of the first attempt, without the caller's. */
  final int fast(int gfp, int type, boolean avoidsFragments) {
    int flags = AllocFlags.WMARK_LOW | (gfp & AllocFlags.KSWAPD);
    if (!Gfp.allowsDirectReclaim(gfp)) {
      flags |= AllocFlags.NOBLOCK;
    }
    if (type == Migratetype.MOVABLE) {
      flags |= AllocFlags.CMA;
    }
    return avoidsFragments ? flags | AllocFlags.NOFRAGMENT : flags;
  }

  /** Flags of the attempts after the first, without the caller's. */
  protected final int slow(int gfp, int order, int type) {
    int flags = AllocFlags.WMARK_MIN | (gfp & (AllocFlags.KSWAPD | AllocFlags.MIN_RESERVE));
    boolean isAtomic =
        rules.atomicBit() ? (gfp & Gfp.ATOMIC_6_1) != 0 : !Gfp.allowsDirectReclaim(gfp);
    if (!Gfp.allowsDirectReclaim(gfp)) {
      flags |= AllocFlags.NOBLOCK;
    }
    if (isAtomic && (gfp & Gfp.NOMEMALLOC) == 0) {
      flags |= AllocFlags.HARDER;
      boolean mayReserve = !rules.highatomicNeedsReserve() || (flags & AllocFlags.MIN_RESERVE) != 0;
      if (order > 0 && mayReserve) {
        flags |= AllocFlags.HIGHATOMIC;
      }
    }
    return type == Migratetype.MOVABLE ? flags | AllocFlags.CMA : flags;
  }

  /**
   * Flags of the attempts after the first.
   *
   * @param first flags of the first attempt, of which nothing is kept but what the caller passed
   * @param fromCaller what the caller passed
   */
  public int afterFirst(int gfp, int order, int type, int first, int fromCaller) {
    assert (first & fromCaller) == fromCaller : Integer.toHexString(first);
    return slow(gfp, order, type) | fromCaller;
  }

  /**
   * Flags of an attempt that may use the reserves: of the attempts before it, it keeps how it wakes
   * kswapd, whether it may use contiguous-memory areas and that it cannot block.
   *
   * @param granted {@link AllocFlags#NO_WATERMARKS} or {@link AllocFlags#OOM}
   */
  public int withReserves(int granted, int slow, int fromCaller) {
    int kept = AllocFlags.KSWAPD | AllocFlags.CMA | AllocFlags.NOBLOCK;
    return granted | (slow & kept) | fromCaller;
  }
}
