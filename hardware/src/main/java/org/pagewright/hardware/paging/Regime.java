package org.pagewright.hardware.paging;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A format compiled for one root and one setting of the control registers: what the walker reads.
 *
 * <p>Everything that is constant between two changes of a control register is worked out here, so
 * that a walk only compares and masks.
 */
final class Regime {
  /*
   * A table entry is XORed with "inverted" before its permissions are looked at: then every
   * permission bit grants when set, and one AND per level collects what all tables on the way let
   * through.
   *
   * What a leaf grants is worked out once for each pattern of its bits, address apart, and kept in
   * a small cache of the step. Page tables hold few such patterns, and a regime never changes:
   * registers that are written get another regime.
   */

  /** What the walker needs at one level. */
  static final class Step {
    private static final int SLOT_BITS = 6;
    private static final int SLOT_LONGS = 4;
    private static final int RECENT_MASK = 63 * SLOT_LONGS;

    /** Spreads few bits over the upper ones: 2^64 divided by the golden ratio. */
    private static final long SPREAD = 0x9e3779b97f4a7c15L;

    /** The attributes of no leaf, because they hold address bits. */
    private static final long NO_ATTRIBUTES = -1;

    final int level;

    /** Position of the index less 3, so that the shifted address is a byte offset in the table. */
    final int offsetShift;

    final long offsetMask;

    /** An entry with these bits at that value continues the walk; none at level 1. */
    final long tableMask;

    final long tableValue;
    final long tableAddress;
    final long leafAddress;

    /** All bits of a leaf but its address. */
    final long leafAttributes;

    /** The next step down; the step itself at level 1, where it is never taken. */
    final Step next;

    final PteLevel bits;

    /**
     * Slots of: attributes of a leaf, limits of the tables above, and the translation that they
     * give less the address.
     */
    private final long[] grants = new long[SLOT_LONGS << SLOT_BITS];

    /**
     * Copies of slots of {@link #grants}, by the address of the table in which the leaf stood:
     * leaves of one table mostly grant the same, and the slot is known before the leaf is read.
     */
    final long[] recent = new long[RECENT_MASK + SLOT_LONGS];

    private Step(PteLevel bits, int indexBits, @Nullable Step below) {
      this.bits = bits;
      this.level = bits.level();
      this.offsetShift = bits.shift() - 3;
      this.offsetMask = ((1L << indexBits) - 1) << 3;
      long checked = bits.presentMask() | bits.tableMask() | bits.tableFixed() | bits.addressSize();
      boolean hasTables = level > 1;
      this.tableMask = hasTables ? checked : 0;
      this.tableValue =
          hasTables ? bits.presentValue() | bits.tableValue() | bits.tableFixedValue() : 1;
      this.tableAddress = bits.tableAddress() & ~checked;
      this.leafAddress = bits.leafAddress() & ~(bits.leafFixed() | bits.addressSize());
      this.leafAttributes = ~leafAddress;
      this.next = below == null ? this : below;
      Arrays.fill(grants, NO_ATTRIBUTES);
      Arrays.fill(recent, NO_ATTRIBUTES);
    }

    long entries() {
      return (offsetMask >>> 3) + 1;
    }

    /** True for an entry that continues the walk. */
    boolean isTable(long entry) {
      return (entry & tableMask) == tableValue;
    }

    /** What a leaf with these attributes was found to grant, or a negative number if unknown. */
    long grant(long attributes, long limits) {
      int slot = slot(attributes, limits);
      return grants[slot] == attributes && grants[slot + 1] == limits ? grants[slot + 2] : -1;
    }

    private void remember(long attributes, long limits, long grant) {
      put(grants, slot(attributes, limits), attributes, limits, grant);
    }

    /** Notes what the last leaf of a table granted. */
    void note(long table, long attributes, long limits, long grant) {
      put(recent, recentSlot(table), attributes, limits, grant);
    }

    private static void put(long[] slots, int slot, long attributes, long limits, long grant) {
      slots[slot] = attributes;
      slots[slot + 1] = limits;
      slots[slot + 2] = grant;
    }

    /** Index in {@link #recent} of what the last leaf of the table at this address granted. */
    static int recentSlot(long table) {
      return (int) (table >>> 10) & RECENT_MASK;
    }

    private static int slot(long attributes, long limits) {
      return (int) (((attributes ^ limits) * SPREAD) >>> (Long.SIZE - SLOT_BITS)) * SLOT_LONGS;
    }
  }

  final Step top;

  /** Steps by level; index 0 unused. */
  final Step[] steps;

  /** An address is in range when {@code (va + bias) & outside} is zero. */
  final long bias;

  final long outside;

  /** As {@link #outside}, for the part of the range that the first root translates. */
  final long outsideFirst;

  /** Lowest address of the range, when it is in one piece. */
  final long firstVa;

  /** The range is in two pieces at both ends of the address space. */
  final boolean isSignExtended;

  final int addressShift;

  /** From the address bits of a leaf to the frame field of a {@link Translation}. */
  final int frameShift;

  /** Entries need {@link #fromMemory}. */
  final boolean isPeculiar;

  private final boolean isBigEndian;
  private final long zeroStandIn;

  /** Permission bits of a table entry that deny when set. */
  final long inverted;

  /** Bits of a table entry that restrict what is below. */
  final long limiting;

  /** No walks from this root. */
  final boolean isDisabled;

  private final PermissionBits table;
  private final RegimeSettings settings;
  private final boolean hasUserWriteRule;

  private Regime(PteFormat format, RegimeSettings settings) {
    int inputBits = settings.inputBits();
    PteFormat.Roots roots = format.roots();
    this.settings = settings;
    this.addressShift = format.addressShift();
    this.frameShift = Translation.UNIT_SHIFT - addressShift;
    this.isBigEndian = format.has(PteFormat.Feature.BIG_ENDIAN);
    this.zeroStandIn = format.level(format.topLevel()).zeroStandIn();
    this.isPeculiar = isBigEndian || zeroStandIn != 0;
    this.isDisabled = settings.isDisabled();
    this.hasUserWriteRule =
        format.has(PteFormat.Feature.USER_WRITE_DENIES_KERNEL_EXECUTE) && !settings.pie();
    long high = inputBits == Long.SIZE ? 0 : -1L << inputBits;
    this.outside =
        switch (roots) {
          case QUADRANTS -> high & ~(3L << roots.shift);
          case TTBR -> settings.topByteIgnored() ? high & ~(0xffL << 56) : high;
          case ONE, HALVES, PDPTES -> high;
        };
    // Bit 55 selects a TTBR whatever the ignored bits say, and is outside either range.
    this.outsideFirst = outside | (long) roots.mask << roots.shift;
    boolean isSecond = settings.root() == 1 && roots != PteFormat.Roots.QUADRANTS;
    this.isSignExtended = format.has(PteFormat.Feature.SIGN_EXTENDED);
    this.bias = isSignExtended ? 1L << (inputBits - 1) : isSecond ? 1L << inputBits : 0;
    this.firstVa = settings.root() == 0 ? 0 : isSecond ? -(1L << inputBits) : 3L << roots.shift;
    int topLevel = format.has(PteFormat.Feature.PDPTE_REGISTERS) ? 2 : format.topLevel(inputBits);
    this.steps = new Step[topLevel + 1];
    for (int level = 1; level <= topLevel; level++) {
      PteLevel bits = settings.noExecute() ? format.level(level) : executable(format.level(level));
      int indexBits = Math.min(bits.indexBits(), inputBits - bits.shift());
      steps[level] = new Step(bits, indexBits, steps[level - 1]);
    }
    this.top = steps[topLevel];
    this.table = settings.hierarchyIgnored() ? PermissionBits.NONE : top.bits.table();
    this.inverted = table.inverted();
    this.limiting = table.used();
  }

  static Regime of(PteFormat format, RegimeSettings settings) {
    return new Regime(format, settings);
  }

  /** The level with bit 63 reserved and execution always granted: x86 with EFER.NXE clear. */
  private static PteLevel executable(PteLevel bits) {
    return LevelDraft.of(bits).withReserved(X86Formats.EXECUTE_DISABLE).level();
  }

  /** An entry as a number from its bytes in memory; zero only where zero is an entry. */
  long fromMemory(long word) {
    long entry = isBigEndian ? Long.reverseBytes(word) : word;
    return entry == 0 ? zeroStandIn : entry;
  }

  /**
   * The translation of a leaf that is known to be good, or a fault. Remembers what it grants, so
   * that {@link Step#grant} answers for the next leaf like it.
   */
  long leaf(Step step, long entry, long limits) {
    PteLevel bits = step.bits;
    int rights = rights(bits.leaf(), entry, limits & limiting);
    long grant =
        (long) rights << Translation.RIGHTS_SHIFT
            | (entry >>> bits.leaf().pkeyShift() & bits.leaf().pkeyMask()) << Translation.PKEY_SHIFT
            | (long) bits.memoryType().decode(entry) << Translation.MEMORY_TYPE_SHIFT;
    if (bits.isRun(entry)) {
      long runPa = (entry & step.leafAddress) << addressShift & -(1L << bits.runShift());
      return grant | Translation.frame(runPa) | Translation.sizeMark(bits.runShift());
    }
    grant |= Translation.sizeMark(bits.shift());
    step.remember(entry & step.leafAttributes, limits & limiting, grant);
    return grant | (entry & step.leafAddress) >>> frameShift;
  }

  private int rights(PermissionBits leaf, long entry, long limits) {
    int own = settings.leafRights(leaf, entry);
    // A table may make a page global but not the other way round: kept() speaks of "not global".
    int kept = ((own ^ Rights.GLOBAL) & table.kept(limits)) ^ Rights.GLOBAL;
    int rights = settings.consequences(kept);
    return hasUserWriteRule && (rights & Rights.USER_WRITE) != 0
        ? rights & ~Rights.KERNEL_EXECUTE
        : rights;
  }
}
