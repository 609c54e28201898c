package org.pagewright.kernel.gather;

/**
 * How a zap tells that a lowest table is empty and takes it out: {@code CONFIG_PT_RECLAIM} in one
 * version of Linux (mm/memory.c, mm/pt_reclaim.c).
 *
 * @param isOn whether empty tables are looked for at all
 * @param recheck whether a table is looked at again after its lock was dropped
 * @param sparesSharedLock whether the fast way knows that both levels may have one lock
 * @param flushAt which address of the table's range the gather is told
 */
public record ReclaimRules(
    boolean isOn, boolean recheck, boolean sparesSharedLock, FlushAt flushAt) {
  /** An address for the flush of a table. */
  public enum FlushAt {
    /** The first address that the table translates. */
    START,
    /** The address behind the last: it lies in the next table's range. */
    END
  }

  /** Empty tables stay. */
  public static final ReclaimRules OFF = new ReclaimRules(false, true, true, FlushAt.START);

  /** The first release candidate of 6.14, before "fix incorrect reclaim of non-empty PTE pages". */
  public static final ReclaimRules LINUX_6_14_RC =
      new ReclaimRules(true, /* recheck= */ false, /* sparesSharedLock= */ false, FlushAt.START);

  /** Linux 6.17. */
  public static final ReclaimRules LINUX_6_17 =
      new ReclaimRules(true, true, /* sparesSharedLock= */ false, FlushAt.START);

  /** Linux 7.0, which records the end of the range. */
  public static final ReclaimRules LINUX_7_0 = new ReclaimRules(true, true, true, FlushAt.END);

  /** Linux 7.3. */
  public static final ReclaimRules LINUX_7_3 = new ReclaimRules(true, true, true, FlushAt.START);
}
