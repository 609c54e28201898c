package org.pagewright.hardware.paging;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The bits of the entries of one level, and where a virtual address indexes their table.
 *
 * <p>An entry is examined in this order: present, table or leaf, reserved, misaligned, address
 * size.
 *
 * @param level 1 for the entries that map the smallest pages
 * @param shift position of the index in a virtual address: an entry covers {@code 1 << shift} bytes
 * @param indexBits width of the index
 * @param empty an entry that maps nothing
 * @param presentMask bits that say whether an entry is valid
 * @param presentValue their value in a valid entry
 * @param zeroIsEmpty an entry of zero is not valid although its present bits match
 * @param zeroStandIn where zero passes for a table or leaf by its bits: an entry that does not, to
 *     be looked at instead; a read outside RAM gives zero, too
 * @param tableMask bits that tell tables from leaves; meaningless at level 1
 * @param tableValue their value in an entry that points to a table
 * @param tableFixed bits that must have the value {@code tableFixedValue} in a table entry
 * @param tableDefault bits of a table entry that restricts nothing, address apart
 * @param tableAddress bits that hold the next table's address
 * @param leafRule whether a leaf may stand here, and which fault it gives otherwise
 * @param leafPresent further bits that a leaf must have set to be valid
 * @param leafFixed bits that must have the value {@code leafFixedValue} in a leaf
 * @param leafForbidden further encodings of a leaf that are reserved
 * @param misaligned address bits that must be zero in a leaf of this size
 * @param leafAddress bits that hold the page's address
 * @param addressSize address bits beyond the implemented physical address size
 * @param runMark bit of a leaf that belongs to a run of leaves mapped as one larger page; 0 = none
 * @param runShift logarithm of the larger page's size
 * @param runFixed bits that must have the value {@code runFixedValue} in such a leaf
 * @param leaf permissions of a leaf
 * @param table permissions of a table entry, which restrict everything below
 * @param memoryType position of the memory type
 */
public record PteLevel(
    int level,
    int shift,
    int indexBits,
    long empty,
    long presentMask,
    long presentValue,
    boolean zeroIsEmpty,
    long zeroStandIn,
    long tableMask,
    long tableValue,
    long tableFixed,
    long tableFixedValue,
    long tableDefault,
    long tableAddress,
    LeafRule leafRule,
    long leafPresent,
    long leafFixed,
    long leafFixedValue,
    List<Pattern> leafForbidden,
    long misaligned,
    long leafAddress,
    long addressSize,
    long runMark,
    int runShift,
    long runFixed,
    long runFixedValue,
    PermissionBits leaf,
    PermissionBits table,
    MemoryTypeBits memoryType) {

  public PteLevel {
    leafForbidden = List.copyOf(leafForbidden);
  }

  /** The entries whose bits in {@code mask} have exactly the value {@code value}. */
  public record Pattern(long mask, long value) {
    boolean matches(long entry) {
      return (entry & mask) == value;
    }
  }

  /** Whether a leaf may stand at a level. */
  public enum LeafRule {
    ALLOWED,
    /** The leaf mark is a reserved bit here (x86 bit 7 above 1 GiB). */
    RESERVED,
    /** An entry with the leaf mark is invalid here (arm64 block at level 0). */
    NOT_PRESENT
  }

  /**
   * Position of a memory type in up to two fields of an entry: {@code entry >>> lowShift & lowMask
   * | entry >>> highShift & highMask}.
   */
  public record MemoryTypeBits(int lowShift, int lowMask, int highShift, int highMask) {
    static final MemoryTypeBits NONE = new MemoryTypeBits(0, 0, 0, 0);

    static MemoryTypeBits field(int shift, int mask) {
      return new MemoryTypeBits(shift, mask, 0, 0);
    }

    int decode(long entry) {
      return (int) ((entry >>> lowShift & lowMask) | (entry >>> highShift & highMask));
    }

    long encode(int memoryType) {
      long entry =
          (long) (memoryType & lowMask) << lowShift | (long) (memoryType & highMask) << highShift;
      if (decode(entry) != memoryType) {
        throw new IllegalArgumentException("memory type " + memoryType + " does not exist");
      }
      return entry;
    }
  }

  public boolean isPresent(long entry) {
    return (entry & presentMask) == presentValue && !(zeroIsEmpty && entry == 0);
  }

  /** True for a present entry that points to a table. */
  public boolean isTable(long entry) {
    return level > 1 && (entry & tableMask) == tableValue;
  }

  /** True for a leaf that is marked as part of a run (arm64 contiguous, RISC-V NAPOT). */
  public boolean isRun(long entry) {
    return (entry & runMark) != 0;
  }

  boolean isForbidden(long entry) {
    for (Pattern pattern : leafForbidden) {
      if (pattern.matches(entry)) {
        return true;
      }
    }
    return false;
  }

  public long entries() {
    return 1L << indexBits;
  }

  /** The fault that a present or absent entry gives, or null when the walk may go on. */
  @Nullable FaultKind verdict(long entry) {
    if (!isPresent(entry)) {
      return FaultKind.NOT_PRESENT;
    }
    return isTable(entry) ? tableVerdict(entry) : leafVerdict(entry);
  }

  private @Nullable FaultKind tableVerdict(long entry) {
    if ((entry & tableFixed) != tableFixedValue) {
      return FaultKind.RESERVED;
    }
    return (entry & addressSize) != 0 ? FaultKind.ADDRESS_SIZE : null;
  }

  private @Nullable FaultKind leafVerdict(long entry) {
    if (leafRule == LeafRule.NOT_PRESENT || (entry & leafPresent) != leafPresent) {
      return FaultKind.NOT_PRESENT;
    }
    if (leafRule == LeafRule.RESERVED || (entry & leafFixed) != leafFixedValue) {
      return FaultKind.RESERVED;
    }
    if ((isRun(entry) && (entry & runFixed) != runFixedValue) || isForbidden(entry)) {
      return FaultKind.RESERVED;
    }
    if ((entry & misaligned) != 0) {
      return FaultKind.MISALIGNED;
    }
    return (entry & addressSize) != 0 ? FaultKind.ADDRESS_SIZE : null;
  }
}
