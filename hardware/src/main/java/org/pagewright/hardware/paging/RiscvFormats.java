package org.pagewright.hardware.paging;

import static org.pagewright.hardware.paging.LevelDraft.bit;
import static org.pagewright.hardware.paging.LevelDraft.bits;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The entries of RISC-V: The RISC-V Instruction Set Manual volume II, "Sv39", "Sv48" and "Sv57"
 * with the extensions Svnapot and Svpbmt.
 */
final class RiscvFormats {
  private static final long VALID = bit(0);
  private static final long READ = bit(1);
  private static final long WRITE = bit(2);
  private static final long EXECUTE = bit(3);
  private static final long USER = bit(4);
  private static final long GLOBAL = bit(5);
  private static final long ACCESSED = bit(6);
  private static final long DIRTY = bit(7);
  private static final long RESERVED = bits(60, 54);
  private static final long PBMT = bits(62, 61);
  private static final long NAPOT = bit(63);

  private static final int INDEX_BITS = 9;

  /** Position of the frame number in an entry, 2 below its position in an address. */
  private static final int PPN_SHIFT = 10;

  private static final int PPN_BITS = 44;

  private static final PermissionBits LEAF =
      new PermissionBits(
          /* inverted= */ 0,
          /* kernelRead= */ READ,
          /* kernelWrite= */ WRITE,
          /* kernelExecute= */ EXECUTE,
          /* userRead= */ READ | USER,
          /* userWrite= */ WRITE | USER,
          /* userExecute= */ EXECUTE | USER,
          /* global= */ GLOBAL,
          /* dirty= */ DIRTY,
          /* accessed= */ ACCESSED,
          /* userPage= */ USER,
          /* pkeyShift= */ 0,
          /* pkeyMask= */ 0);

  /** G in a pointer makes everything below global, so its absence is what has to be kept. */
  private static final PermissionBits TABLE =
      new PermissionBits(GLOBAL, 0, 0, 0, 0, 0, 0, GLOBAL, 0, 0, 0, 0, 0);

  private RiscvFormats() {}

  static PteFormat sv(int vaBits, int physicalBits) {
    List<PteLevel> levels = new ArrayList<>();
    for (int level = 1; 12 + INDEX_BITS * (level - 1) < vaBits; level++) {
      levels.add(entry(level, physicalBits));
    }
    return new PteFormat(
        "riscv64-sv" + vaBits,
        Architecture.RISCV,
        vaBits,
        physicalBits,
        /* addressShift= */ 12 - PPN_SHIFT,
        /* rootMask= */ bits(55, 12),
        PteFormat.Roots.ONE,
        Set.of(PteFormat.Feature.SIGN_EXTENDED),
        levels);
  }

  private static PteLevel entry(int level, int physicalBits) {
    LevelDraft draft = new LevelDraft(level, 12 + INDEX_BITS * (level - 1), INDEX_BITS);
    int frameBits = physicalBits - 12;
    long tooHigh = bits(PPN_SHIFT + PPN_BITS - 1, PPN_SHIFT + frameBits);
    draft.presentMask = VALID;
    draft.presentValue = VALID;
    draft.tableMask = READ | WRITE | EXECUTE;
    draft.tableFixed = USER | ACCESSED | DIRTY | RESERVED | PBMT | NAPOT;
    draft.tableDefault = VALID;
    draft.tableAddress = bits(PPN_SHIFT + frameBits - 1, PPN_SHIFT);
    draft.leafFixed = RESERVED | (level > 1 ? NAPOT : 0);
    draft.leafForbidden =
        List.of(
            new PteLevel.Pattern(READ | WRITE, WRITE),
            new PteLevel.Pattern(READ | WRITE | EXECUTE, 0),
            new PteLevel.Pattern(PBMT, PBMT));
    draft.misaligned = bits(draft.shift - 3, PPN_SHIFT);
    draft.leafAddress = bits(PPN_SHIFT + frameBits - 1, draft.shift - 2);
    draft.addressSize = tooHigh;
    if (level == 1) {
      draft.runMark = NAPOT;
      draft.runShift = 16;
      draft.runFixed = bits(PPN_SHIFT + 3, PPN_SHIFT);
      draft.runFixedValue = bit(PPN_SHIFT + 3);
    }
    draft.leaf = LEAF;
    draft.table = TABLE;
    draft.memoryType = PteLevel.MemoryTypeBits.field(61, 3);
    return draft.level();
  }
}
