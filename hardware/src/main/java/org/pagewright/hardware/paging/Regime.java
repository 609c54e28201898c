package org.pagewright.hardware.paging;

import java.util.Arrays;

/**
 * A format compiled for one root and one setting of the control registers: what the walker reads.
 *
 * <p>Everything that is constant between two changes of a control register is worked out here, so
 * that the walk itself compares, masks and looks up.
 */
final class Regime {
  /*
   * Permissions become table look-ups: the few bits of an entry that matter for its rights lie in
   * two fields, one below and one above bit 32. Both together index an array of rights. A second
   * array does the same for what the entries of the tables passed on the way let through; those are
   * ANDed together, after an XOR that makes every set bit grant.
   */

  /** In an array of leaf rights: the encoding is reserved. */
  static final int RESERVED = Integer.MIN_VALUE;

  /**
   * Bits of an entry gathered to an index: {@code entry >>> low & lowMask | entry >>> high &
   * highMask}.
   */
  record Gather(int low, long lowMask, int high, long highMask) {
    static Gather of(long relevant) {
      long lowBits = relevant & 0xffffffffL;
      long highBits = relevant & ~0xffffffffL;
      int low = lowBits == 0 ? 0 : Long.numberOfTrailingZeros(lowBits);
      long lowMask = lowBits == 0 ? 0 : spanMask(lowBits >>> low);
      int lowWidth = Long.bitCount(lowMask);
      int high = highBits == 0 ? 0 : Long.numberOfTrailingZeros(highBits) - lowWidth;
      long highMask = highBits == 0 ? 0 : spanMask(highBits >>> (high + lowWidth)) << lowWidth;
      return new Gather(low, lowMask, high, highMask);
    }

    private static long spanMask(long bits) {
      return (Long.highestOneBit(bits) << 1) - 1;
    }

    int size() {
      return (int) (lowMask | highMask) + 1;
    }

    /** The entry whose gathered bits are the index and whose other bits are zero. */
    long spread(int index) {
      return (index & lowMask) << low | (index & highMask) << high;
    }
  }

  /** What the walker needs at one level. */
  static final class Step {
    final int level;

    /** Position of the index less 3, so that the shifted address is a byte offset in the table. */
    final int offsetShift;

    final long offsetMask;

    /** An entry with these bits at that value continues the walk. */
    final long tableMask;

    final long tableValue;
    final long tableAddress;

    /** An entry that looks present to masks but needs a closer look: zero or all ones. */
    final long voidEntry;

    /** An entry with these bits at that value ends the walk. */
    final long leafMask;

    final long leafValue;
    final long leafAddress;
    final long runMark;
    final long sizeMark;
    final int[] leafRights;
    final int leafLow;
    final long leafLowMask;
    final int leafHigh;
    final long leafHighMask;
    final int pkeyShift;
    final int pkeyMask;
    final int typeLow;
    final int typeLowMask;
    final int typeHigh;
    final int typeHighMask;
    final PteLevel bits;

    /** The next step down; the step itself at level 1, where it is never taken. */
    final Step next;

    private Step(PteLevel bits, int indexBits, Step below, LeafRights leaf) {
      this.bits = bits;
      this.level = bits.level();
      this.offsetShift = bits.shift() - 3;
      this.offsetMask = ((1L << indexBits) - 1) << 3;
      boolean hasTables = level > 1;
      this.tableMask =
          hasTables
              ? bits.presentMask() | bits.tableMask() | bits.tableFixed() | bits.addressSize()
              : 0;
      this.tableValue =
          hasTables ? bits.presentValue() | bits.tableValue() | bits.tableFixedValue() : 1;
      this.tableAddress = bits.tableAddress();
      this.voidEntry = bits.zeroIsEmpty() ? 0 : -1;
      boolean isAllowed = bits.leafRule() == PteLevel.LeafRule.ALLOWED;
      this.leafMask = isAllowed ? leafMask(bits) : 0;
      this.leafValue =
          isAllowed ? bits.presentValue() | bits.leafPresent() | bits.leafFixedValue() : 1;
      this.leafAddress = bits.leafAddress();
      this.runMark = bits.runMark();
      this.sizeMark = Translation.sizeMark(bits.shift());
      this.leafRights = leaf.rights;
      this.leafLow = leaf.gather.low();
      this.leafLowMask = leaf.gather.lowMask();
      this.leafHigh = leaf.gather.high();
      this.leafHighMask = leaf.gather.highMask();
      this.pkeyShift = bits.leaf().pkeyShift();
      this.pkeyMask = bits.leaf().pkeyMask();
      this.typeLow = bits.memoryType().lowShift();
      this.typeLowMask = bits.memoryType().lowMask();
      this.typeHigh = bits.memoryType().highShift();
      this.typeHighMask = bits.memoryType().highMask();
      this.next = below == null ? this : below;
    }

    private static long leafMask(PteLevel bits) {
      return bits.presentMask()
          | bits.leafPresent()
          | bits.leafFixed()
          | bits.misaligned()
          | bits.addressSize();
    }
  }

  /** Rights of all leaves that the gathered bits can form. */
  private static final class LeafRights {
    final Gather gather;
    final int[] rights;

    LeafRights(Gather gather, int[] rights) {
      this.gather = gather;
      this.rights = rights;
    }
  }

  final Step top;

  /** Steps by level; index 0 unused. */
  final Step[] steps;

  /** An address is in range when {@code (va + bias) & outside} is zero. */
  final long bias;

  final long outside;
  final int addressShift;
  final boolean isBigEndian;

  /** Bits that deny in a table entry. */
  final long tableInverted;

  final int[] tableRights;
  final int tableLow;
  final long tableLowMask;
  final int tableHigh;
  final long tableHighMask;

  /** {@link Rights#USER_WRITE} where that right excludes kernel execution, else 0. */
  final int userWriteDenies;

  /** No walks from this root. */
  final boolean isDisabled;

  private Regime(PteFormat format, RegimeSettings settings) {
    int inputBits = settings.inputBits();
    this.addressShift = format.addressShift();
    this.isBigEndian = format.has(PteFormat.Feature.BIG_ENDIAN);
    this.isDisabled = settings.isDisabled();
    this.userWriteDenies =
        format.has(PteFormat.Feature.USER_WRITE_DENIES_KERNEL_EXECUTE) && !settings.pie()
            ? Rights.USER_WRITE
            : 0;
    long high = inputBits == Long.SIZE ? 0 : -1L << inputBits;
    this.outside =
        switch (format.roots()) {
          case QUADRANTS -> high & ~(3L << 62);
          case TTBR -> settings.topByteIgnored() ? high & ~(0xffL << 56) : high;
          default -> high;
        };
    boolean isSecond = settings.root() == 1 && format.roots() != PteFormat.Roots.QUADRANTS;
    this.bias =
        format.has(PteFormat.Feature.SIGN_EXTENDED)
            ? 1L << (inputBits - 1)
            : isSecond ? 1L << inputBits : 0;
    int topLevel = format.has(PteFormat.Feature.PDPTE_REGISTERS) ? 2 : format.topLevel();
    while (topLevel > 1 && format.level(topLevel).shift() >= inputBits) {
      topLevel--;
    }
    this.steps = new Step[topLevel + 1];
    LeafRights[] compiled = new LeafRights[1];
    PermissionBits[] compiledFrom = new PermissionBits[1];
    for (int level = 1; level <= topLevel; level++) {
      PteLevel bits = settings.noExecute() ? format.level(level) : executable(format.level(level));
      if (!bits.leaf().equals(compiledFrom[0])) {
        compiledFrom[0] = bits.leaf();
        compiled[0] = leafRights(bits, settings);
      }
      int indexBits = Math.min(bits.indexBits(), inputBits - bits.shift());
      steps[level] = new Step(bits, indexBits, steps[level - 1], compiled[0]);
    }
    this.top = steps[topLevel];
    PermissionBits table = settings.hierarchyIgnored() ? PermissionBits.NONE : top.bits.table();
    Gather gather = Gather.of(table.used());
    this.tableInverted = table.inverted();
    this.tableLow = gather.low();
    this.tableLowMask = gather.lowMask();
    this.tableHigh = gather.high();
    this.tableHighMask = gather.highMask();
    this.tableRights = new int[gather.size()];
    Arrays.setAll(tableRights, index -> table.kept(gather.spread(index)));
  }

  static Regime of(PteFormat format, RegimeSettings settings) {
    return new Regime(format, settings);
  }

  /** The level with bit 63 reserved and execution always granted: x86 with EFER.NXE clear. */
  private static PteLevel executable(PteLevel bits) {
    return LevelDraft.of(bits).withReserved(X86Formats.EXECUTE_DISABLE).level();
  }

  private static LeafRights leafRights(PteLevel bits, RegimeSettings settings) {
    long relevant = bits.leaf().used() | settings.extraLeafBits();
    for (PteLevel.Pattern pattern : bits.leafForbidden()) {
      relevant |= pattern.mask();
    }
    Gather gather = Gather.of(relevant);
    int[] rights = new int[gather.size()];
    Arrays.setAll(
        rights,
        index -> {
          long entry = gather.spread(index);
          // GLOBAL is kept inverted until the end, because a table may add it but nothing else.
          return bits.isForbidden(entry)
              ? RESERVED
              : settings.leafRights(bits.leaf(), entry) ^ Rights.GLOBAL;
        });
    return new LeafRights(gather, rights);
  }
}
