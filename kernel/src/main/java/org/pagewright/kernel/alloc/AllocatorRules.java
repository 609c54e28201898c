package org.pagewright.kernel.alloc;

/**
 * Where kernel versions differ in what they decide. Facts from mm/page_alloc.c of each version.
 *
 * @param name the version
 * @param listsFollowBlocks 6.10: a free block is always on the list of its pageblock's type
 * @param autoTunesPcp 6.7: per-CPU high moves between two bounds, {@code alloc_factor} scales
 * @param claimsThenSteals 6.15: fallback is a claim of a pageblock, then a theft of one block
 * @param chunksDrains 7.0: a large drain of per-CPU lists frees batch by batch
 * @param batchShift how many bits of the managed pages the batch formula drops
 * @param keepsTypeWhenIsolated 6.17: isolation is a bit beside the type
 * @param highatomicNeedsReserve 7.0: the high-atomic reserve wants {@code __GFP_HIGH} as well
 * @param countsFreeReserve 6.12: of the high-atomic reserve, watermarks deduct what is free of it
 * @param atomicBit 6.1: {@code __GFP_ATOMIC} decides who may try harder
 * @param skipsBusyNodes 7.0: nodes that kswapd works on come last
 */
public record AllocatorRules(
    String name,
    boolean listsFollowBlocks,
    boolean autoTunesPcp,
    boolean claimsThenSteals,
    boolean chunksDrains,
    int batchShift,
    boolean keepsTypeWhenIsolated,
    boolean highatomicNeedsReserve,
    boolean countsFreeReserve,
    boolean atomicBit,
    boolean skipsBusyNodes) {

  public static final AllocatorRules V6_1 =
      new AllocatorRules("6.1", false, false, false, false, 10, false, false, false, true, false);
  public static final AllocatorRules V6_12 =
      new AllocatorRules("6.12", true, true, false, false, 10, false, false, true, false, false);
  public static final AllocatorRules V6_18 =
      new AllocatorRules("6.18", true, true, true, false, 10, true, false, true, false, false);
  public static final AllocatorRules V7_0 =
      new AllocatorRules("7.0", true, true, true, true, 12, true, true, true, false, true);

  /** The rules of a version: the newest listed one that is not newer. */
  public static AllocatorRules named(String version) {
    return switch (version) {
      case "6.1" -> V6_1;
      case "6.12" -> V6_12;
      case "6.18" -> V6_18;
      case "7.0" -> V7_0;
      default ->
          throw new IllegalArgumentException(
              "unknown kernel version '" + version + "'; expected 6.1, 6.12, 6.18 or 7.0");
    };
  }
}
