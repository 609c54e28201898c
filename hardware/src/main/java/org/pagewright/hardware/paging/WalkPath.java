package org.pagewright.hardware.paging;

/**
 * Where a walk starts and which tables it passed: the seam for paging-structure caches.
 *
 * <p>A cache looks up an address before a walk and calls {@link #startAt} with what it holds, or
 * {@link #startAtRoot}. After {@link Walker#walk(PagingRegisters, long, WalkPath)} the path says
 * for every level from {@link #topLevel} down to {@link #lowestLevel} which table was read and what
 * the entries above it let through; a cache that keeps {@code (level, tablePa, limits)} can start a
 * later walk there. One path is used over and over.
 */
public final class WalkPath {
  private static final int MAX_LEVELS = 8;

  /** Limits that restrict nothing, for a start at the root. */
  static final long NO_LIMITS = -1;

  private final long[] tables = new long[MAX_LEVELS];
  private final long[] limits = new long[MAX_LEVELS];
  private final long[] entries = new long[MAX_LEVELS];
  private int startLevel;
  private long startTable;
  private long startLimits;
  private int top;
  private int lowest;

  /** A path that starts at the root. */
  public WalkPath() {}

  /** The next walk starts at the root that the registers say. */
  public void startAtRoot() {
    startLevel = 0;
  }

  /**
   * The next walk starts by reading an entry of {@code level} in the table at {@code tablePa}.
   *
   * @param limits what {@link #limits} said when this table was passed: the rights inherited from
   *     the entries above, in the form of the format
   */
  public void startAt(int level, long tablePa, long limits) {
    startLevel = level;
    startTable = tablePa;
    startLimits = limits;
  }

  /** Highest level whose table the last walk read; 0 when it read none. */
  public int topLevel() {
    return top;
  }

  /** Level of the last entry that the walk read: the leaf's, or the one that faulted. */
  public int lowestLevel() {
    return lowest;
  }

  /** Address of the table of that level. */
  public long tablePa(int level) {
    assert isPassed(level) : level;
    return tables[level];
  }

  /** What the entries above the table of that level let through. */
  public long limits(int level) {
    assert isPassed(level) : level;
    return limits[level];
  }

  /** Address of the entry that was read in the table of that level. */
  public long entryPa(int level) {
    assert isPassed(level) : level;
    return entries[level];
  }

  private boolean isPassed(int level) {
    return level <= top && level >= lowest && level > 0;
  }

  boolean startsAtRoot() {
    return startLevel == 0;
  }

  int startLevel() {
    return startLevel;
  }

  long startTable() {
    return startTable;
  }

  long startLimits() {
    return startLimits;
  }

  void clear() {
    top = 0;
    lowest = 0;
  }

  void pass(int level, long tablePa, long entryPa, long limitsAbove) {
    top = Math.max(top, level);
    lowest = level;
    tables[level] = tablePa;
    entries[level] = entryPa;
    limits[level] = limitsAbove;
  }
}
