package org.pagewright.kernel.kpkeys;

import java.util.List;

/**
 * Which design hardens the tables.
 *
 * @param name as printed in reports
 * @param supply where protected pages come from
 * @param batches whether lazy-MMU sections raise the level once
 * @param reservedPages pages that only splits may take
 * @param refillOrders orders that a refill of the block allocator tries, in turn
 */
public record KpkeysConfig(
    String name, Supply supply, boolean batches, int reservedPages, List<Integer> refillOrders) {

  /** Where protected pages come from. */
  public enum Supply {
    /** Tables are not protected. */
    NONE,
    /** Each page by itself; the linear map must be mapped by pages. */
    PAGE,
    /** v6: blocks from the page allocator, a cache, and a reserve for splits. */
    BLOCK,
    /** Protected pageblocks on free lists of their own. */
    FREETYPE
  }

  /** A refill may use two pages up for its own split and must gain. Models the last order of v6. */
  public static final int REFILL_ORDER_MIN = 2;

  private static final List<Integer> ORDERS_4K = List.of(9, 4, REFILL_ORDER_MIN);

  /** Unprotected. */
  public static final KpkeysConfig OFF = new KpkeysConfig("off", Supply.NONE, false, 0, ORDERS_4K);

  /** RFC v5, 2025-08. */
  public static final KpkeysConfig V5 = new KpkeysConfig("v5", Supply.PAGE, true, 0, ORDERS_4K);

  /** v6, 2026-02: two reserves of a PMD and a PTE table each. */
  public static final KpkeysConfig V6 = new KpkeysConfig("v6", Supply.BLOCK, true, 4, ORDERS_4K);

  /** RFC v7, 2026-05. */
  public static final KpkeysConfig V7 = new KpkeysConfig("v7", Supply.PAGE, true, 0, ORDERS_4K);

  /** Ours: four for a range that is split at both ends, one for the conversion of a pageblock. */
  public static final KpkeysConfig FREETYPE =
      new KpkeysConfig("freetype", Supply.FREETYPE, true, 5, ORDERS_4K);

  public KpkeysConfig {
    refillOrders = List.copyOf(refillOrders);
    if (reservedPages < 0) {
      throw new IllegalArgumentException("reservedPages: " + reservedPages);
    }
    if (refillOrders.isEmpty()) {
      throw new IllegalArgumentException("refillOrders: none");
    }
  }

  /** Every design, the unprotected one first. */
  public static List<KpkeysConfig> all() {
    return List.of(OFF, V5, V6, V7, FREETYPE);
  }

  public KpkeysConfig withBatches(boolean other) {
    return new KpkeysConfig(name, supply, other, reservedPages, refillOrders);
  }

  public KpkeysConfig withReservedPages(int other) {
    return new KpkeysConfig(name, supply, batches, other, refillOrders);
  }

  public KpkeysConfig withRefillOrders(List<Integer> other) {
    return new KpkeysConfig(name, supply, batches, reservedPages, other);
  }
}
