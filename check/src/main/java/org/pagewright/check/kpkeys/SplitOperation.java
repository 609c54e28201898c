package org.pagewright.check.kpkeys;

/** One thing that is done to a machine with hardened tables. */
public enum SplitOperation {
  /** Somebody needs a table. */
  TAKE("take a table"),
  /** Tables are taken until only what splits may take is left. */
  DRAIN("take tables down to the reserve"),
  /** The table that was taken last goes back. */
  GIVE("give a table back"),
  /** One page of a leaf of 1G changes: two tables. */
  PAGE("change a page of a 1G leaf"),
  /** A range with a leaf of 1G at either end changes: four tables. */
  BOTH_ENDS("change a range that ends inside two 1G leaves"),
  /** The same in steps of 2M: two tables. */
  LARGE_ENDS("change 2M at either side of two 1G leaves"),
  /** What was changed last is as it was before. */
  RESTORE("undo the last change"),
  /** Memory is taken until the next free block lies in a leaf of 1G. */
  HOG("take the free blocks of split leaves"),
  /** Memory is taken until no more than four free pages are neighbours, everywhere. */
  SCATTER("leave four free pages of each 2M"),
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
