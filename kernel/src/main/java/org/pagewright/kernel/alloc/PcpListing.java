package org.pagewright.kernel.alloc;

import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;

/**
 * Which per-CPU list a freed page goes to, and what is remembered of it. Models the first half of
 * {@code free_unref_page()} (mm/page_alloc.c): pages of rare types lie on the movable list, and
 * must go back as what they are.
 */
public class PcpListing {
  public PcpListing() {}

  /** Freetype of the list for a page whose pageblock has {@code freetype}. */
  public int listed(int freetype) {
    boolean hasList = Freetype.migratetype(freetype) < Migratetype.PCP_TYPES;
    return hasList ? freetype : Freetype.withMigratetype(freetype, Migratetype.MOVABLE);
  }

  /** The migratetype that the page keeps; kernels before 6.10 drain it to that type's list. */
  public int noted(int freetype) {
    return Freetype.migratetype(freetype);
  }
}
