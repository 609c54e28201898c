package org.pagewright.kernel.secret;

import java.util.List;

/**
 * How guest_memfd keeps its pages out of the direct map, and what a write does on the way.
 *
 * @param name as printed in reports
 * @param removal how a page leaves the direct map
 * @param zeroes whether the allocator is asked for zeroed pages, as the prototype on the unmapped
 *     pool asks; plain guest_memfd zeroes only what a write does not cover
 * @param folioOrder order of the folios of the file; 0, or 9 for 2 MiB folios
 * @param restoreOrder order of the pieces in which a folio is put back into the direct map: that of
 *     the folio, or less where folios may be split before they are freed
 * @param writable whether the file was made with GUEST_MEMFD_FLAG_WRITE
 * @param flushesStale whether the mermap windows that showed the file's pages are flushed before
 *     the pages are freed, as v4 does and the prototype of February 2026 does not
 */
public record GuestMemfdConfig(
    String name,
    Removal removal,
    boolean zeroes,
    int folioOrder,
    int restoreOrder,
    boolean writable,
    boolean flushesStale) {

  /** How a page leaves the direct map. */
  public enum Removal {
    /** It does not: guest_memfd without GUEST_MEMFD_FLAG_NO_DIRECT_MAP. */
    NONE,
    /** Each folio by itself, then a flush of its addresses on every CPU. */
    EACH,
    /** Each folio by itself, and nobody is told: unsafe, a lower bound of the cost. */
    EACH_NO_FLUSH,
    /** It was absent before it was allocated: pages of unmapped pageblocks. */
    POOLED
  }

  private static final int ORDER_MAX = 9;

  /** "Direct Map Removal Support for guest_memfd" v10 with "use write for population" v7. */
  public static final GuestMemfdConfig BASELINE =
      new GuestMemfdConfig(
          "baseline",
          Removal.EACH,
          /* zeroes= */ false,
          /* folioOrder= */ 0,
          /* restoreOrder= */ 0,
          /* writable= */ true,
          /* flushesStale= */ true);

  /** The same with the module parameter {@code guest_memfd_tlb_flush} off. */
  public static final GuestMemfdConfig SKIP_FLUSH =
      new GuestMemfdConfig(
          "skip-flush",
          Removal.EACH_NO_FLUSH,
          /* zeroes= */ false,
          /* folioOrder= */ 0,
          /* restoreOrder= */ 0,
          /* writable= */ true,
          /* flushesStale= */ true);

  /** Prototype on the unmapped pool, v4: whole pages are written, so nobody zeroes them. */
  public static final GuestMemfdConfig UNMAPPED =
      new GuestMemfdConfig(
          "unmapped",
          Removal.POOLED,
          /* zeroes= */ false,
          /* folioOrder= */ 0,
          /* restoreOrder= */ 0,
          /* writable= */ true,
          /* flushesStale= */ true);

  /** Prototype on the unmapped pool as measured in February 2026: {@code __GFP_ZERO} is set. */
  public static final GuestMemfdConfig UNMAPPED_ZEROED =
      new GuestMemfdConfig(
          "unmapped-zeroed",
          Removal.POOLED,
          /* zeroes= */ true,
          /* folioOrder= */ 0,
          /* restoreOrder= */ 0,
          /* writable= */ true,
          /* flushesStale= */ false);

  /** guest_memfd whose pages stay in the direct map. */
  public static final GuestMemfdConfig MAPPED =
      new GuestMemfdConfig(
          "mapped",
          Removal.NONE,
          /* zeroes= */ false,
          /* folioOrder= */ 0,
          /* restoreOrder= */ 0,
          /* writable= */ true,
          /* flushesStale= */ true);

  /** Every preset, in the order in which they are listed to users. */
  public static List<GuestMemfdConfig> all() {
    return List.of(BASELINE, SKIP_FLUSH, UNMAPPED, UNMAPPED_ZEROED, MAPPED);
  }

  public GuestMemfdConfig {
    if (folioOrder < 0 || folioOrder > ORDER_MAX) {
      throw new IllegalArgumentException("folioOrder: " + folioOrder + ", from 0 to " + ORDER_MAX);
    }
    if (restoreOrder < 0 || restoreOrder > folioOrder) {
      throw new IllegalArgumentException(
          "restoreOrder: " + restoreOrder + ", from 0 to the folio's " + folioOrder);
    }
  }

  /** The preset of that name. */
  public static GuestMemfdConfig named(String name) {
    for (GuestMemfdConfig config : all()) {
      if (config.name.equals(name)) {
        return config;
      }
    }
    throw new IllegalArgumentException(
        "no guest_memfd variant "
            + name
            + "; known: "
            + all().stream().map(GuestMemfdConfig::name).toList());
  }

  /** The same variant with folios of another order, put back as a whole. */
  public GuestMemfdConfig withFolioOrder(int order) {
    return new GuestMemfdConfig(name, removal, zeroes, order, order, writable, flushesStale);
  }

  /** The same variant with folios put back in smaller pieces. */
  public GuestMemfdConfig withRestoreOrder(int order) {
    return new GuestMemfdConfig(name, removal, zeroes, folioOrder, order, writable, flushesStale);
  }

  /** The same variant with or without pages zeroed by the allocator. */
  public GuestMemfdConfig withZeroes(boolean wanted) {
    return new GuestMemfdConfig(
        name, removal, wanted, folioOrder, restoreOrder, writable, flushesStale);
  }

  /** The same variant with or without GUEST_MEMFD_FLAG_WRITE. */
  public GuestMemfdConfig withWritable(boolean wanted) {
    return new GuestMemfdConfig(
        name, removal, zeroes, folioOrder, restoreOrder, wanted, flushesStale);
  }

  /** Whether pages of the file are absent from the direct map. */
  public boolean removesPages() {
    return removal != Removal.NONE;
  }
}
