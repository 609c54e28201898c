package org.pagewright.kernel.ldt;

/** What the LDT code warns about: states that cannot be, if the rest is right. */
public enum LdtWarning {
  /** The place for a table already maps something. */
  ALREADY_MAPPED,
  /** Mapping failed although the page table for it exists since the first table. */
  FAILED_WITH_TABLE_INSTALLED
}
