package org.pagewright.hardware.paging;

import static org.pagewright.hardware.paging.LevelDraft.bit;
import static org.pagewright.hardware.paging.LevelDraft.bits;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The formats whose entries are big-endian in memory: s390x (z/Architecture Principles of
 * Operation, "Dynamic address translation"), radix trees of Power (Power ISA 3.1 book III, "Radix
 * tree translation") and sparc64 as Linux lays out its tables for sun4v.
 */
final class BigEndianFormats {
  private static final long S390_INVALID = bit(5);
  private static final long S390_PAGE_INVALID = bit(10);
  private static final long S390_PROTECT = bit(9);
  private static final long S390_NO_EXECUTE = bit(8);
  private static final long S390_LARGE = bit(10);
  private static final long S390_TYPE = bits(3, 2);
  private static final long S390_LENGTH = bits(1, 0);
  private static final long S390_OFFSET = bits(7, 6);
  private static final int[] S390_SHIFTS = {12, 20, 31, 42, 53};

  /** The kernel and its processes have address spaces of their own: no bit says "user". */
  private static final PermissionBits S390 =
      new PermissionBits(
          /* inverted= */ S390_PROTECT | S390_NO_EXECUTE,
          /* kernelRead= */ 0,
          /* kernelWrite= */ S390_PROTECT,
          /* kernelExecute= */ S390_NO_EXECUTE,
          /* userRead= */ 0,
          /* userWrite= */ S390_PROTECT,
          /* userExecute= */ S390_NO_EXECUTE,
          /* global= */ 0,
          /* dirty= */ 0,
          /* accessed= */ 0,
          /* userPage= */ 0,
          /* pkeyShift= */ 0,
          /* pkeyMask= */ 0);

  private static final long POWER_VALID = bit(63);
  private static final long POWER_LEAF = bit(62);
  private static final long POWER_EXECUTE = bit(0);
  private static final long POWER_WRITE = bit(1);
  private static final long POWER_READ = bit(2);
  private static final long POWER_PRIVILEGED = bit(3);
  private static final long POWER_CHANGED = bit(7);
  private static final long POWER_REFERENCED = bit(8);
  private static final long POWER_NEXT_SIZE = bits(4, 0);

  private static final PermissionBits POWER =
      new PermissionBits(
          /* inverted= */ POWER_PRIVILEGED,
          /* kernelRead= */ POWER_READ,
          /* kernelWrite= */ POWER_WRITE,
          /* kernelExecute= */ POWER_EXECUTE,
          /* userRead= */ POWER_READ | POWER_PRIVILEGED,
          /* userWrite= */ POWER_WRITE | POWER_PRIVILEGED,
          /* userExecute= */ POWER_EXECUTE | POWER_PRIVILEGED,
          /* global= */ 0,
          /* dirty= */ POWER_CHANGED,
          /* accessed= */ POWER_REFERENCED,
          /* userPage= */ POWER_PRIVILEGED,
          /* pkeyShift= */ 0,
          /* pkeyMask= */ 0);

  private static final long SPARC_VALID = bit(63);
  private static final long SPARC_PRIVILEGED = bit(8);
  private static final long SPARC_EXECUTE = bit(7);
  private static final long SPARC_WRITE = bit(6);
  private static final long SPARC_SIZE = bits(3, 0);

  /** Size code 3 is 4 MiB: Linux maps a huge page of 8 MiB by one entry of level 2. */
  private static final long SPARC_SIZE_HUGE = 3;

  private static final PermissionBits SPARC =
      new PermissionBits(
          /* inverted= */ SPARC_PRIVILEGED,
          /* kernelRead= */ 0,
          /* kernelWrite= */ SPARC_WRITE,
          /* kernelExecute= */ SPARC_EXECUTE,
          /* userRead= */ SPARC_PRIVILEGED,
          /* userWrite= */ SPARC_PRIVILEGED | SPARC_WRITE,
          /* userExecute= */ SPARC_PRIVILEGED | SPARC_EXECUTE,
          /* global= */ 0,
          /* dirty= */ 0,
          /* accessed= */ 0,
          /* userPage= */ SPARC_PRIVILEGED,
          /* pkeyShift= */ 0,
          /* pkeyMask= */ 0);

  private BigEndianFormats() {}

  static PteFormat s390x(int physicalBits) {
    List<PteLevel> levels = new ArrayList<>();
    for (int level = 1; level <= S390_SHIFTS.length; level++) {
      LevelDraft draft =
          new LevelDraft(level, S390_SHIFTS[level - 1], /* indexBits= */ level == 1 ? 8 : 11);
      draft.leafAddress = bits(physicalBits - 1, draft.shift);
      draft.addressSize = bits(63, physicalBits);
      draft.leaf = S390;
      draft.zeroStandIn = S390_INVALID | S390_PAGE_INVALID;
      if (level == 1) {
        draft.empty = S390_PAGE_INVALID;
        draft.presentMask = S390_PAGE_INVALID;
        draft.leafFixed = bit(11);
      } else {
        describeS390Table(draft, physicalBits);
      }
      levels.add(draft.level());
    }
    return new PteFormat(
        "s390x",
        Architecture.S390,
        /* vaBits= */ 64,
        physicalBits,
        /* addressShift= */ 0,
        /* rootMask= */ bits(51, 12),
        PteFormat.Roots.ONE,
        Set.of(PteFormat.Feature.BIG_ENDIAN),
        levels);
  }

  /** Region and segment table entries; tables have their full length, as Linux's have. */
  private static void describeS390Table(LevelDraft draft, int physicalBits) {
    int level = draft.level;
    long type = (level - 2L) << 2;
    draft.empty = S390_INVALID | type;
    draft.presentMask = S390_INVALID;
    draft.table = S390;
    draft.leafFixed = S390_TYPE;
    draft.leafFixedValue = type;
    draft.tableMask = level <= 3 ? S390_LARGE : 0;
    draft.leafRule = level <= 3 ? PteLevel.LeafRule.ALLOWED : PteLevel.LeafRule.RESERVED;
    if (level == 2) {
      draft.tableFixed = S390_TYPE;
      draft.tableAddress = bits(physicalBits - 1, 11);
    } else {
      draft.tableFixed = S390_TYPE | S390_LENGTH | S390_OFFSET;
      draft.tableAddress = bits(physicalBits - 1, 12);
    }
    draft.tableFixedValue = type | (draft.tableFixed & S390_LENGTH);
    draft.tableDefault = draft.tableFixedValue;
  }

  static PteFormat powerRadix(int pageShift, int physicalBits) {
    // Linux's trees: 13/9/9/9 index bits above 4K pages, 13/9/9/5 above 64K pages.
    int[] indexBits = {pageShift == 12 ? 9 : 5, 9, 9, 13};
    List<PteLevel> levels = new ArrayList<>();
    int shift = pageShift;
    for (int level = 1; level <= indexBits.length; level++) {
      LevelDraft draft = new LevelDraft(level, shift, indexBits[level - 1]);
      draft.presentMask = POWER_VALID;
      draft.presentValue = POWER_VALID;
      draft.tableMask = POWER_LEAF;
      draft.leafFixed = POWER_LEAF;
      draft.leafFixedValue = POWER_LEAF;
      draft.leafAddress = bits(physicalBits - 1, shift);
      draft.addressSize = bits(55, physicalBits);
      draft.leafRule = level == 4 ? PteLevel.LeafRule.RESERVED : PteLevel.LeafRule.ALLOWED;
      draft.leaf = POWER;
      draft.memoryType = PteLevel.MemoryTypeBits.field(4, 3);
      if (level > 1) {
        draft.tableFixed = POWER_NEXT_SIZE;
        draft.tableFixedValue = indexBits[level - 2];
        draft.tableDefault = POWER_VALID | draft.tableFixedValue;
        draft.tableAddress = bits(physicalBits - 1, 8);
      }
      levels.add(draft.level());
      shift += indexBits[level - 1];
    }
    return new PteFormat(
        "powerpc64-radix-" + (1 << (pageShift - 10)) + "k",
        Architecture.POWER,
        /* vaBits= */ shift,
        physicalBits,
        /* addressShift= */ 0,
        /* rootMask= */ bits(51, 8),
        PteFormat.Roots.QUADRANTS,
        Set.of(PteFormat.Feature.BIG_ENDIAN),
        levels);
  }

  static PteFormat sparc64(int physicalBits) {
    List<PteLevel> levels = new ArrayList<>();
    for (int level = 1; level <= 4; level++) {
      LevelDraft draft = new LevelDraft(level, 13 + 10 * (level - 1), /* indexBits= */ 10);
      draft.presentMask = level == 1 ? SPARC_VALID : 0;
      draft.presentValue = draft.presentMask;
      draft.zeroIsEmpty = true;
      draft.zeroStandIn = SPARC_VALID | SPARC_SIZE;
      draft.tableMask = SPARC_VALID;
      draft.tableAddress = bits(physicalBits - 1, 13);
      draft.leafPresent = SPARC_VALID;
      draft.leafFixed = SPARC_SIZE;
      draft.leafFixedValue = level == 1 ? 0 : SPARC_SIZE_HUGE;
      draft.leafAddress = bits(physicalBits - 1, draft.shift);
      draft.addressSize = bits(55, physicalBits);
      draft.leafRule = level <= 2 ? PteLevel.LeafRule.ALLOWED : PteLevel.LeafRule.RESERVED;
      draft.leaf = SPARC;
      draft.memoryType = PteLevel.MemoryTypeBits.field(9, 3);
      levels.add(draft.level());
    }
    return new PteFormat(
        "sparc64",
        Architecture.SPARC,
        /* vaBits= */ 53,
        physicalBits,
        /* addressShift= */ 0,
        /* rootMask= */ bits(51, 13),
        PteFormat.Roots.ONE,
        Set.of(PteFormat.Feature.BIG_ENDIAN, PteFormat.Feature.SIGN_EXTENDED),
        levels);
  }
}
