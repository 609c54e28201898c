package org.pagewright.kernel.buddy;

/**
 * What a free page is good for: a migratetype and properties orthogonal to it. Models {@code
 * freetype_t} (series "mm: Add __GFP_UNMAPPED", 2026) as one {@code int}.
 */
public final class Freetype {
  /** Flag: every page on the list is absent from the direct map. */
  public static final int UNMAPPED = 1 << 3;

  /** Free lists of a size: all migratetypes, and unmovable unmapped pages. */
  public static final int INDEXES = Migratetype.TYPES + 1;

  /** No list holds pages of that freetype. */
  public static final int NO_LIST = -1;

  private static final int TYPE_MASK = 7;

  private Freetype() {}

  public static int of(int migratetype, boolean isUnmapped) {
    return isUnmapped ? migratetype | UNMAPPED : migratetype;
  }

  public static int migratetype(int freetype) {
    return freetype & TYPE_MASK;
  }

  public static boolean isUnmapped(int freetype) {
    return (freetype & UNMAPPED) != 0;
  }

  /** Which list holds such pages, or {@link #NO_LIST}. Models {@code freetype_idx()}. */
  public static int index(int freetype) {
    if ((freetype & UNMAPPED) == 0) {
      return freetype;
    }
    return freetype == (Migratetype.UNMOVABLE | UNMAPPED) ? Migratetype.TYPES : NO_LIST;
  }

  /** The freetype of the pages on a list. */
  public static int atIndex(int index) {
    return index < Migratetype.TYPES ? index : Migratetype.UNMOVABLE | UNMAPPED;
  }

  /** The same flags with another migratetype. */
  public static int withMigratetype(int freetype, int migratetype) {
    return (freetype & UNMAPPED) | migratetype;
  }

  /** Whether free blocks of two pageblocks may become one: equal, or mergeable with equal flags. */
  public static boolean canMerge(int one, int other) {
    return one == other
        || ((one & UNMAPPED) == (other & UNMAPPED)
            && Migratetype.isMergeable(one & TYPE_MASK)
            && Migratetype.isMergeable(other & TYPE_MASK));
  }
}
