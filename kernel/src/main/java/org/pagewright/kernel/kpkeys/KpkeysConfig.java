package org.pagewright.kernel.kpkeys;

import java.util.List;

/**
 * Which design hardens the tables.
 *
 * @param name as printed in reports
 * @param supply where protected pages come from
 * @param batches whether lazy-MMU sections raise the level once
 * @param reservedPages pages that only splits may take
 * @param refillOrders orders that a refill of the block allocator tries, in turn; none for those of
 *     the page size
 * @param early how tables are found that were made before the page allocator ran
 * @param earlyRanges ranges of early tables that can be remembered
 */
public record KpkeysConfig(
    String name,
    Supply supply,
    boolean batches,
    int reservedPages,
    List<Integer> refillOrders,
    Early early,
    int earlyRanges) {

  /** Where protected pages come from. */
  public enum Supply {
    /** Tables are not protected. */
    NONE,
    /** v5: constructors of tables set the key of each; the linear map must be mapped by pages. */
    CONSTRUCTOR,
    /** v7: each page by itself when it is allocated; the linear map must be mapped by pages. */
    PAGE,
    /** v6: blocks from the page allocator, a cache, and a reserve for splits. */
    BLOCK,
    /** Protected pageblocks on free lists of their own. */
    FREETYPE
  }

  /** How early tables become known. */
  public enum Early {
    /** v5: {@code kernel_pgtables_set_pkey()} walks the tree of the kernel's tables. */
    WALK,
    /** v6: chunks of 2M from memblock are recorded; a single page without a chunk is not. */
    CHUNKS,
    /** v7: each page is recorded, neighbours as one range. */
    PAGES
  }

  /** {@code INIT_MEMBLOCK_REGIONS}, from memory. */
  public static final int EARLY_RANGES = 128;

  /** A refill may use two pages up for its own split and must gain. Models the last order of v6. */
  public static final int REFILL_ORDER_MIN = 2;

  /** Unprotected. */
  public static final KpkeysConfig OFF = of("off", Supply.NONE, 0, Early.WALK).withBatches(false);

  /** RFC v5, 2025-08. */
  public static final KpkeysConfig V5 = of("v5", Supply.CONSTRUCTOR, 0, Early.WALK);

  /** v6, 2026-02: two reserves of a PMD and a PTE table each. */
  public static final KpkeysConfig V6 = of("v6", Supply.BLOCK, 4, Early.CHUNKS);

  /** RFC v7, 2026-05. */
  public static final KpkeysConfig V7 = of("v7", Supply.PAGE, 0, Early.PAGES);

  /** Ours: four for a range that is split at both ends, one for the conversion of a pageblock. */
  public static final KpkeysConfig FREETYPE = of("freetype", Supply.FREETYPE, 5, Early.PAGES);

  public KpkeysConfig {
    refillOrders = List.copyOf(refillOrders);
    if (reservedPages < 0) {
      throw new IllegalArgumentException("reservedPages: " + reservedPages);
    }
  }

  private static KpkeysConfig of(String name, Supply supply, int reservedPages, Early early) {
    return new KpkeysConfig(
        name, supply, /* batches= */ true, reservedPages, List.of(), early, EARLY_RANGES);
  }

  /**
   * Orders that a refill tries: a block, a run of contiguous pages, and the least that gains. v6
   * asks for 11 with pages of 16K; the page allocator here has no order above 10.
   */
  public List<Integer> refillOrders(int pageShift) {
    if (!refillOrders.isEmpty()) {
      return refillOrders;
    }
    return switch (pageShift) {
      case 12 -> List.of(9, 4, REFILL_ORDER_MIN);
      case 14 -> List.of(10, 7, REFILL_ORDER_MIN);
      default -> List.of(9, 5, REFILL_ORDER_MIN);
    };
  }

  /** The design of that name. */
  public static KpkeysConfig named(String name) {
    return all().stream()
        .filter(config -> config.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no design of hardened tables: " + name));
  }

  /** Every design, the unprotected one first. */
  public static List<KpkeysConfig> all() {
    return List.of(OFF, V5, V6, V7, FREETYPE);
  }

  /** Whether the linear map must be mapped by pages, because nothing promises tables for splits. */
  public boolean needsPages() {
    return supply == Supply.CONSTRUCTOR || supply == Supply.PAGE;
  }

  public KpkeysConfig withBatches(boolean other) {
    return new KpkeysConfig(name, supply, other, reservedPages, refillOrders, early, earlyRanges);
  }

  public KpkeysConfig withReservedPages(int other) {
    return new KpkeysConfig(name, supply, batches, other, refillOrders, early, earlyRanges);
  }

  public KpkeysConfig withRefillOrders(List<Integer> other) {
    return new KpkeysConfig(name, supply, batches, reservedPages, other, early, earlyRanges);
  }

  public KpkeysConfig withEarly(Early other) {
    return new KpkeysConfig(name, supply, batches, reservedPages, refillOrders, other, earlyRanges);
  }

  public KpkeysConfig withEarlyRanges(int other) {
    return new KpkeysConfig(name, supply, batches, reservedPages, refillOrders, early, other);
  }
}
