package org.pagewright.hardware.paging;

import static org.pagewright.hardware.paging.LevelDraft.bit;
import static org.pagewright.hardware.paging.LevelDraft.bits;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The descriptors of AArch64 stage 1 with 48-bit addresses: Arm Architecture Reference Manual for
 * A-profile, "VMSAv8-64 translation table format descriptors". Arm's level 3 is level 1 here.
 */
final class Arm64Formats {
  private static final long VALID = bit(0);
  private static final long TABLE_OR_PAGE = bit(1);
  static final long AP_USER = bit(6);
  static final long AP_READ_ONLY = bit(7);
  private static final long ACCESS_FLAG = bit(10);
  private static final long NOT_GLOBAL = bit(11);
  static final long DIRTY_BIT_MODIFIER = bit(51);
  private static final long CONTIGUOUS = bit(52);
  static final long PXN = bit(53);
  static final long UXN = bit(54);
  private static final long PXN_TABLE = bit(59);
  private static final long UXN_TABLE = bit(60);
  private static final long AP_TABLE_NO_USER = bit(61);
  private static final long AP_TABLE_READ_ONLY = bit(62);

  private static final int OA_BITS = 48;

  /** Rights of a descriptor when neither DBM nor permission indirection is in use. */
  private static final PermissionBits LEAF =
      new PermissionBits(
          /* inverted= */ AP_READ_ONLY | NOT_GLOBAL | PXN | UXN,
          /* kernelRead= */ 0,
          /* kernelWrite= */ AP_READ_ONLY,
          /* kernelExecute= */ PXN,
          /* userRead= */ AP_USER,
          /* userWrite= */ AP_USER | AP_READ_ONLY,
          /* userExecute= */ UXN,
          /* global= */ NOT_GLOBAL,
          /* dirty= */ AP_READ_ONLY,
          /* accessed= */ ACCESS_FLAG,
          /* userPage= */ AP_USER,
          /* pkeyShift= */ 60,
          /* pkeyMask= */ 7);

  private static final PermissionBits TABLE =
      new PermissionBits(
          /* inverted= */ PXN_TABLE | UXN_TABLE | AP_TABLE_NO_USER | AP_TABLE_READ_ONLY,
          /* kernelRead= */ 0,
          /* kernelWrite= */ AP_TABLE_READ_ONLY,
          /* kernelExecute= */ PXN_TABLE,
          /* userRead= */ AP_TABLE_NO_USER,
          /* userWrite= */ AP_TABLE_NO_USER | AP_TABLE_READ_ONLY,
          /* userExecute= */ UXN_TABLE,
          /* global= */ 0,
          /* dirty= */ 0,
          /* accessed= */ 0,
          /* userPage= */ AP_TABLE_NO_USER,
          /* pkeyShift= */ 0,
          /* pkeyMask= */ 0);

  private Arm64Formats() {}

  /** The format of a granule of {@code 1 << pageShift} bytes: 12, 14 or 16. */
  static PteFormat granule(int pageShift, int physicalBits) {
    int indexBits = pageShift - 3;
    List<PteLevel> levels = new ArrayList<>();
    for (int shift = pageShift; shift < OA_BITS; shift += indexBits) {
      LevelDraft draft =
          new LevelDraft(levels.size() + 1, shift, Math.min(indexBits, OA_BITS - shift));
      describe(draft, pageShift, physicalBits);
      levels.add(draft.level());
    }
    return new PteFormat(
        "aarch64-" + (1 << (pageShift - 10)) + "k",
        Architecture.ARM64,
        /* vaBits= */ OA_BITS,
        physicalBits,
        /* addressShift= */ 0,
        /* rootMask= */ bits(47, 6),
        PteFormat.Roots.TTBR,
        Set.of(PteFormat.Feature.USER_WRITE_DENIES_KERNEL_EXECUTE),
        levels);
  }

  private static void describe(LevelDraft draft, int pageShift, int physicalBits) {
    int level = draft.level;
    boolean isPage = level == 1;
    draft.presentMask = isPage ? VALID | TABLE_OR_PAGE : VALID;
    draft.presentValue = draft.presentMask;
    draft.tableMask = TABLE_OR_PAGE;
    draft.tableValue = TABLE_OR_PAGE;
    draft.tableDefault = VALID | TABLE_OR_PAGE;
    draft.tableAddress = bits(OA_BITS - 1, pageShift);
    // Blocks of 2M and 1G with 4K pages, of 32M with 16K, of 512M with 64K.
    boolean isBlock = level == 2 || (level == 3 && pageShift == 12);
    draft.leafRule = isPage || isBlock ? PteLevel.LeafRule.ALLOWED : PteLevel.LeafRule.NOT_PRESENT;
    draft.leafAddress = bits(OA_BITS - 1, draft.shift);
    draft.addressSize = bits(OA_BITS - 1, physicalBits);
    if (isPage || isBlock) {
      draft.runMark = CONTIGUOUS;
      draft.runShift = draft.shift + contiguousOrder(pageShift, level);
    }
    draft.leaf = LEAF;
    draft.table = TABLE;
    draft.memoryType = PteLevel.MemoryTypeBits.field(2, 7);
  }

  /** Logarithm of the number of entries that the contiguous bit joins. */
  private static int contiguousOrder(int pageShift, int level) {
    return switch (pageShift) {
      case 12 -> 4;
      case 14 -> level == 1 ? 7 : 5;
      default -> 5;
    };
  }
}
