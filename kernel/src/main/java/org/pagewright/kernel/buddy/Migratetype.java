package org.pagewright.kernel.buddy;

/** Mobility of the pages of a pageblock. Models {@code enum migratetype} (mmzone.h). */
public final class Migratetype {
  public static final int UNMOVABLE = 0;
  public static final int MOVABLE = 1;
  public static final int RECLAIMABLE = 2;
  public static final int HIGHATOMIC = 3;
  public static final int CMA = 4;
  public static final int ISOLATE = 5;

  /** How many types there are with CMA and isolation built in. */
  public static final int TYPES = 6;

  /** Types that have per-CPU lists: {@code MIGRATE_PCPTYPES}. */
  public static final int PCP_TYPES = 3;

  private static final String[] NAMES = {
    "Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA", "Isolate"
  };

  /** Which types a request turns to, in order, when its own list is empty. */
  private static final int[][] FALLBACKS = {
    {RECLAIMABLE, MOVABLE}, {RECLAIMABLE, UNMOVABLE}, {UNMOVABLE, MOVABLE}
  };

  private Migratetype() {}

  /** How many fallback types {@code type} has. */
  public static int fallbacks(int type) {
    return type < PCP_TYPES ? FALLBACKS[type].length : 0;
  }

  public static int fallback(int type, int index) {
    return FALLBACKS[type][index];
  }

  /** Whether free blocks of the type may merge with those of other such types. */
  public static boolean isMergeable(int type) {
    return type < PCP_TYPES;
  }

  /** The name that /proc/pagetypeinfo prints. */
  public static String name(int type) {
    return NAMES[type];
  }
}
