package org.pagewright.kernel.ldt;

/** What the LDT code warns about: states that cannot be, if the rest is right. */
public enum LdtWarning {
  /** The place for a table already maps something. */
  ALREADY_MAPPED,
  /** There is a table, and its place does not map it in both top tables. */
  NOT_MAPPED,
  /** The table that is to be mapped has a place. */
  HAS_SLOT,
  /** A table without a place was about to be loaded; the register stays empty. */
  LOADED_WITHOUT_SLOT,
  /** Mapping failed although the page table for it exists since the first table. */
  FAILED_WITH_TABLE_INSTALLED
}
