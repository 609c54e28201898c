package org.pagewright.kernel.arch;

/** What kernel code spends its time on, coarse enough for a report. */
public enum CostCategory {
  /** Nothing was said: user mode, or code that does not account. */
  OTHER("everything else"),
  /** Entry to and exit from a system call or fault, and its checks. */
  SYSCALL("entering, checking and leaving the kernel"),
  /** Looking up, inserting and removing pages of a file. */
  FILE("lookup, insertion and removal in the page cache"),
  /** The page allocator. */
  ALLOCATION("taking and giving back pages"),
  /** Clearing pages. */
  ZEROING("clearing pages"),
  /** Copying from or to a user buffer. */
  COPYING("copying the user's data"),
  /** Changing kernel page tables. */
  TABLE_CHANGES("changing entries of the direct map, splits included"),
  /** Invalidating on the CPU that asks, and waiting for others. */
  FLUSH_OWN("own invalidations, and waiting for other CPUs"),
  /** Invalidating on behalf of another CPU. */
  FLUSH_OTHERS("invalidations that other CPUs asked for"),
  /** Ephemeral mappings. */
  MERMAP("ephemeral mappings: get, put and their local flushes");

  private final String meaning;

  CostCategory(String meaning) {
    this.meaning = meaning;
  }

  /** A few words for a report's legend. */
  public String meaning() {
    return meaning;
  }

  /** As printed: {@code table-changes}. */
  public String label() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }
}
