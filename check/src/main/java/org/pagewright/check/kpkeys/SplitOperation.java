package org.pagewright.check.kpkeys;

/** One thing that is done to a machine with hardened tables. */
public enum SplitOperation {
  /** Somebody needs a table. */
  TAKE("take a table"),
  /** Tables are taken until only what splits may take is left, on lists of pageblocks too. */
  DRAIN("take tables down to the reserve"),
  /** The table that was taken last goes back. */
  GIVE("give a table back"),
  /** One page of a largest leaf changes: two tables with pages of 4K, else one. */
  PAGE("change a page of a whole leaf"),
  /** A range with such a leaf at either end changes: four tables, or two. */
  BOTH_ENDS("change a range that ends inside two whole leaves"),
  /** The same in blocks: two tables. */
  LARGE_ENDS("change a block at either side of two whole leaves"),
  /** What was changed last is as it was before. */
  RESTORE("undo the last change"),
  /** Memory is taken until the next free block lies in a whole leaf. */
  HOG("take the free blocks of split leaves"),
  /** Memory is taken until no more than four free pages are neighbours, everywhere. */
  SCATTER("leave four free pages of each block"),
  /** Somebody needs a table, and memory must be reclaimed for it, which splits a leaf. */
  RECLAIM("take a table while reclaim changes a page"),
  /** The cache gives back what it can. */
  SHRINK("shrink the cache");

  private final String text;

  SplitOperation(String text) {
    this.text = text;
  }

  /** For histories. */
  public String text() {
    return text;
  }
}
