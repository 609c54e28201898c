package org.pagewright.hardware.cpu;

/**
 * A kind of locks that obey one order, like a lockdep class.
 *
 * @param isNestable locks of the class may be held together: a page table's and its child's
 * @param price what acquiring and releasing one costs
 */
public record LockClass(String name, boolean isNestable, Primitive price) {
  /** A class of ordinary locks of which a CPU holds at most one at a time. */
  public LockClass(String name) {
    this(name, /* isNestable= */ false, Primitive.LOCK);
  }
}
