package org.pagewright.kernel.tablelife;

/**
 * When a user table that left the tree is given back: what {@code __pte_free_tlb()} and its like
 * end in.
 */
public enum FreeMode {
  /** Destructed and freed at once, before any flush. */
  IMMEDIATE,
  /** Destructed at once; its page goes with the user's pages after the flush. */
  AFTER_FLUSH,
  /**
   * Destructed and freed after the flush and a grace period ({@code MMU_GATHER_RCU_TABLE_FREE}).
   */
  RCU
}
