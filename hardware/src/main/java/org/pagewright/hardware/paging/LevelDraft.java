package org.pagewright.hardware.paging;

import java.util.List;

/**
 * The fields of a {@link PteLevel} while a format is written down, with names at the point of use.
 */
final class LevelDraft {
  final int level;
  final int shift;
  final int indexBits;
  long empty;
  long presentMask;
  long presentValue;
  boolean zeroIsEmpty;
  long zeroStandIn;
  long tableMask;
  long tableValue;
  long tableFixed;
  long tableFixedValue;
  long tableDefault;
  long tableAddress;
  PteLevel.LeafRule leafRule = PteLevel.LeafRule.ALLOWED;
  long leafPresent;
  long leafFixed;
  long leafFixedValue;
  List<PteLevel.Pattern> leafForbidden = List.of();
  long misaligned;
  long leafAddress;
  long addressSize;
  long runMark;
  int runShift;
  long runFixed;
  long runFixedValue;
  PermissionBits leaf = PermissionBits.NONE;
  PermissionBits table = PermissionBits.NONE;
  PteLevel.MemoryTypeBits memoryType = PteLevel.MemoryTypeBits.NONE;

  LevelDraft(int level, int shift, int indexBits) {
    this.level = level;
    this.shift = shift;
    this.indexBits = indexBits;
  }

  static LevelDraft of(PteLevel level) {
    LevelDraft draft = new LevelDraft(level.level(), level.shift(), level.indexBits());
    draft.empty = level.empty();
    draft.presentMask = level.presentMask();
    draft.presentValue = level.presentValue();
    draft.zeroIsEmpty = level.zeroIsEmpty();
    draft.zeroStandIn = level.zeroStandIn();
    draft.tableMask = level.tableMask();
    draft.tableValue = level.tableValue();
    draft.tableFixed = level.tableFixed();
    draft.tableFixedValue = level.tableFixedValue();
    draft.tableDefault = level.tableDefault();
    draft.tableAddress = level.tableAddress();
    draft.leafRule = level.leafRule();
    draft.leafPresent = level.leafPresent();
    draft.leafFixed = level.leafFixed();
    draft.leafFixedValue = level.leafFixedValue();
    draft.leafForbidden = level.leafForbidden();
    draft.misaligned = level.misaligned();
    draft.leafAddress = level.leafAddress();
    draft.addressSize = level.addressSize();
    draft.runMark = level.runMark();
    draft.runShift = level.runShift();
    draft.runFixed = level.runFixed();
    draft.runFixedValue = level.runFixedValue();
    draft.leaf = level.leaf();
    draft.table = level.table();
    draft.memoryType = level.memoryType();
    return draft;
  }

  /** Reserves bits in tables and leaves, which then take no part in permissions. */
  LevelDraft withReserved(long mask) {
    tableFixed |= mask;
    leafFixed |= mask;
    leaf = leaf.withoutExecute(mask);
    table = table.withoutExecute(mask);
    return this;
  }

  PteLevel level() {
    return new PteLevel(
        level,
        shift,
        indexBits,
        empty,
        presentMask,
        presentValue,
        zeroIsEmpty,
        zeroStandIn,
        tableMask,
        tableValue,
        tableFixed,
        tableFixedValue,
        tableDefault,
        tableAddress,
        leafRule,
        leafPresent,
        leafFixed,
        leafFixedValue,
        leafForbidden,
        misaligned,
        leafAddress,
        addressSize,
        runMark,
        runShift,
        runFixed,
        runFixedValue,
        leaf,
        table,
        memoryType);
  }

  static long bit(int position) {
    return 1L << position;
  }

  /** The bits from {@code low} to {@code high}, both included; none when high is below low. */
  static long bits(int high, int low) {
    return high < low ? 0 : -1L >>> (63 - (high - low)) << low;
  }
}
