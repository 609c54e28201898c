package org.pagewright.kernel.tablelife;

/**
 * Which tables of a kernel are constructed, and what constructors make.
 *
 * @param locks the locks of single tables
 * @param constructsLowest whether the kernel's lowest tables are: since Linux 6.16
 * @param constructsSplits whether tables that a split of the direct map needs are: since Linux 7.3
 *     on x86
 */
public record TableRules(TableConfig locks, boolean constructsLowest, boolean constructsSplits) {
  /** Every table is constructed. */
  public static final TableRules ALL = new TableRules(TableConfig.SPLIT, true, true);

  /** Linux 7.0 on x86: splits take plain pages. */
  public static final TableRules LINUX_7_0 = new TableRules(TableConfig.SPLIT, true, false);

  /** Linux 6.12: the kernel's lowest tables and splits take plain pages. */
  public static final TableRules LINUX_6_12 = new TableRules(TableConfig.SPLIT, false, false);

  /** The same with other locks. */
  public TableRules withLocks(TableConfig other) {
    return new TableRules(other, constructsLowest, constructsSplits);
  }
}
