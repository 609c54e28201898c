package org.pagewright.hardware.paging;

/** Why a walk or an access failed, in the order in which most architectures look. */
public enum FaultKind {
  /** The address is not in the translated range (x86 non-canonical, s390 ASCE type). */
  NOT_CANONICAL,
  /** A table entry or the accessed address lies outside RAM. */
  MACHINE_CHECK,
  /** The entry is not valid. */
  NOT_PRESENT,
  /** The entry has a bit set that must be zero, or an encoding that is reserved. */
  RESERVED,
  /** The frame of a large page is not aligned to the page's size. */
  MISALIGNED,
  /** The entry holds an address beyond the implemented physical address size. */
  ADDRESS_SIZE,
  /** The entry is not marked accessed and hardware may not mark it. */
  ACCESS_FLAG,
  /** The rights in the tables, as control registers modify them, do not allow the access. */
  DENIED,
  /** A protection key or permission overlay does not allow the access. */
  PKEY_DENIED,
  /** The first write to a clean page, where hardware may not mark it dirty. */
  NOT_DIRTY;

  private static final FaultKind[] VALUES = values();

  static FaultKind of(int ordinal) {
    return VALUES[ordinal];
  }
}
