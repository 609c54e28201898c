package org.pagewright.kernel.directmap;

/**
 * When arm64 splits leaves of the linear map ({@code split_kernel_leaf_mapping()},
 * arch/arm64/mm/mmu.c).
 *
 * @param skipsPageMapped whether regions that are known to be mapped by pages are left alone before
 *     the mutex is taken, as callers need that may not sleep
 * @param splitsLatePool whether a pool of KFENCE that comes from the page allocator is split when
 *     it is made
 * @param refusal when nothing is split at boot
 */
public record SplitRules(boolean skipsPageMapped, boolean splitsLatePool, Refusal refusal) {
  /** When leaves are not split at boot. */
  public enum Refusal {
    /** Until what all CPUs can do is known; the change goes on without a split. */
    UNTIL_FINAL,
    /**
     * Before the page allocator works, and while CPUs run of which nobody knows what they can do:
     * the change is refused.
     */
    WHILE_UNSURE,
    /** Never: a study of what would go wrong. */
    NEVER
  }

  /** Large leaves as merged for Linux 6.18 (a166563e7ec3, September 2025). */
  public static final SplitRules AS_MERGED =
      new SplitRules(
          /* skipsPageMapped= */ false, /* splitsLatePool= */ false, Refusal.UNTIL_FINAL);

  /** With the fix for callers that may not sleep (Ryan Roberts, November 2025). */
  public static final SplitRules LINUX_6_18 =
      new SplitRules(/* skipsPageMapped= */ true, /* splitsLatePool= */ true, Refusal.UNTIL_FINAL);

  /** With the fix for realm guests (f12b435de2f2, April 2026). */
  public static final SplitRules LINUX_7_1 =
      new SplitRules(/* skipsPageMapped= */ true, /* splitsLatePool= */ true, Refusal.WHILE_UNSURE);
}
