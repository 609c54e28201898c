package org.pagewright.hardware.tlb;

/** Bits that say which entries an invalidation covers. */
public final class TlbScope {
  /** Entries with the given address-space number that are not global. */
  public static final int ONE_ASID = 1;

  /** Entries with any address-space number that are not global. */
  public static final int ANY_ASID = 1 << 1;

  /** Global entries. */
  public static final int GLOBAL = 1 << 2;

  /** Every address; without it, pages that overlap the range. */
  public static final int EVERYWHERE = 1 << 3;

  /** Structure-cache entries on the way to the range, of the address spaces covered. */
  public static final int STRUCTURES_ON_PATH = 1 << 4;

  /** All structure-cache entries of the address spaces covered, whatever the range. */
  public static final int STRUCTURES = 1 << 5;

  /** Only entries made from a leaf of the level in bits 8 and up. */
  public static final int ONE_LEVEL = 1 << 6;

  /** Entries that x86's CR4.PGE toggle and the like drop: all. */
  public static final int ALL = ANY_ASID | GLOBAL | EVERYWHERE | STRUCTURES;

  private static final int LEVEL_SHIFT = 8;

  private TlbScope() {}

  /** The scope, only for entries made from a leaf of this level. */
  public static int atLevel(int scope, int level) {
    return scope | ONE_LEVEL | level << LEVEL_SHIFT;
  }

  static int level(int scope) {
    return scope >>> LEVEL_SHIFT;
  }

  static boolean covers(int scope, int entryAsid, int asid) {
    if (entryAsid == Tlb.GLOBAL) {
      return (scope & GLOBAL) != 0;
    }
    boolean isThisAsid = (scope & ONE_ASID) != 0 && entryAsid == asid;
    return isThisAsid || (scope & ANY_ASID) != 0;
  }

  /** For messages. */
  public static String describe(int scope) {
    return ((scope & ONE_ASID) != 0 ? "asid " : "")
        + ((scope & ANY_ASID) != 0 ? "any-asid " : "")
        + ((scope & GLOBAL) != 0 ? "global " : "")
        + ((scope & EVERYWHERE) != 0 ? "everywhere " : "range ")
        + ((scope & STRUCTURES) != 0 ? "structures" : "")
        + ((scope & STRUCTURES_ON_PATH) != 0 ? "structures-on-path" : "")
        + ((scope & ONE_LEVEL) != 0 ? " level " + level(scope) : "");
  }
}
