package org.pagewright.kernel.directmap;

/**
 * Choices about the direct map that are no property of the architecture.
 *
 * @param largestLeafLevel 3 for 1G, 2 for 2M, 1 for 4K (debug_pagealloc, nogbpages)
 * @param flush what change_page_attr invalidates at its end
 * @param collapse where pieces are merged again
 * @param collapseExcludesWriters whether a collapse waits for changes and dumps in progress. Linux
 *     6.15 to 7.0 does not, so that they may use a table that was freed under them; 7.3 does
 * @param keepGlobal whether making a mapping present again restores the Global bit. Linux does not;
 *     this is a study of what it would change
 * @param splitting when arm64 splits leaves
 */
public record DirectMapConfig(
    int largestLeafLevel,
    AttributeFlush flush,
    Collapse collapse,
    boolean collapseExcludesWriters,
    boolean keepGlobal,
    SplitRules splitting) {

  /** The two published forms of the flush at the end of change_page_attr. */
  public enum AttributeFlush {
    /** Linux 6.12 and 7.3: each page by itself on every CPU up to the ceiling, else everything. */
    PAGES,
    /** Linux 7.0: the range from the first address on, right for contiguous requests only. */
    RANGE
  }

  /** When equal neighbours are merged into a larger leaf. */
  public enum Collapse {
    /** Before Linux 6.15: never. */
    NEVER,
    /** Linux 6.15: at the addresses given to set_memory_rox. */
    READ_ONLY_EXECUTABLE,
    /** A study: after every change, in the direct map too. */
    ALWAYS
  }

  /** Linux 7.0 on a machine with 1G pages. */
  public static final DirectMapConfig LINUX_7_0 =
      new DirectMapConfig(
          3,
          AttributeFlush.RANGE,
          Collapse.READ_ONLY_EXECUTABLE,
          false,
          false,
          SplitRules.LINUX_7_1);

  /** Linux 6.12 on a machine with 1G pages. */
  public static final DirectMapConfig LINUX_6_12 =
      new DirectMapConfig(
          3, AttributeFlush.PAGES, Collapse.NEVER, true, false, SplitRules.LINUX_7_1);

  /** Linux 7.3 on a machine with 1G pages. */
  public static final DirectMapConfig LINUX_7_3 =
      new DirectMapConfig(
          3,
          AttributeFlush.PAGES,
          Collapse.READ_ONLY_EXECUTABLE,
          true,
          false,
          SplitRules.LINUX_7_1);

  public DirectMapConfig {
    if (largestLeafLevel < 1 || largestLeafLevel > 3) {
      throw new IllegalArgumentException("largestLeafLevel: " + largestLeafLevel + ", 1 to 3");
    }
  }

  /** Whether the lock of the kernel's address space is taken, as it is where tables may go. */
  boolean locksTables() {
    return collapseExcludesWriters && collapse != Collapse.NEVER;
  }

  public DirectMapConfig withLargestLeafLevel(int level) {
    return new DirectMapConfig(
        level, flush, collapse, collapseExcludesWriters, keepGlobal, splitting);
  }

  public DirectMapConfig withFlush(AttributeFlush other) {
    return new DirectMapConfig(
        largestLeafLevel, other, collapse, collapseExcludesWriters, keepGlobal, splitting);
  }

  public DirectMapConfig withCollapse(Collapse other) {
    return new DirectMapConfig(
        largestLeafLevel, flush, other, collapseExcludesWriters, keepGlobal, splitting);
  }

  public DirectMapConfig withCollapseExcludesWriters(boolean other) {
    return new DirectMapConfig(largestLeafLevel, flush, collapse, other, keepGlobal, splitting);
  }

  public DirectMapConfig withKeepGlobal(boolean other) {
    return new DirectMapConfig(
        largestLeafLevel, flush, collapse, collapseExcludesWriters, other, splitting);
  }

  public DirectMapConfig withSplitting(SplitRules other) {
    return new DirectMapConfig(
        largestLeafLevel, flush, collapse, collapseExcludesWriters, keepGlobal, other);
  }
}
