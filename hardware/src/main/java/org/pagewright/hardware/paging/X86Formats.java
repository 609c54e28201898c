package org.pagewright.hardware.paging;

import static org.pagewright.hardware.paging.LevelDraft.bit;
import static org.pagewright.hardware.paging.LevelDraft.bits;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The entries of x86: Intel SDM volume 3, chapter "Paging" (4-level, 5-level and PAE paging). */
final class X86Formats {
  private static final long PRESENT = bit(0);
  private static final long WRITE = bit(1);
  private static final long USER = bit(2);
  private static final long ACCESSED = bit(5);
  private static final long DIRTY = bit(6);
  private static final long PAGE_SIZE = bit(7);
  private static final long GLOBAL = bit(8);
  static final long EXECUTE_DISABLE = bit(63);

  /** A PDPTE of PAE paging: P, PWT, PCD, software bits and address; the rest must be zero. */
  private static final long PDPTE_RESERVED_LOW = bits(2, 1) | bits(8, 5);

  private static final int INDEX_BITS = 9;
  private static final int LARGEST_LEAF_LEVEL = 3;

  private X86Formats() {}

  static PteFormat longMode(int levels, int physicalBits) {
    long reserved = bits(51, physicalBits);
    List<PteLevel> all = new ArrayList<>();
    for (int level = 1; level <= levels; level++) {
      LevelDraft draft = entry(level, reserved, /* pkeyMask= */ 15);
      draft.leafRule =
          level > LARGEST_LEAF_LEVEL ? PteLevel.LeafRule.RESERVED : PteLevel.LeafRule.ALLOWED;
      all.add(draft.level());
    }
    return new PteFormat(
        "x86_64-" + levels + "level",
        Architecture.X86,
        /* vaBits= */ 12 + INDEX_BITS * levels,
        physicalBits,
        /* addressShift= */ 0,
        /* rootMask= */ bits(51, 12),
        PteFormat.Roots.ONE,
        Set.of(PteFormat.Feature.SIGN_EXTENDED),
        all);
  }

  /** Three levels of 32-bit addresses; the entries of level 3 live in registers. */
  static PteFormat pae(int physicalBits) {
    long reserved = bits(62, physicalBits);
    LevelDraft pdpte = new LevelDraft(3, 30, 2);
    pdpte.presentMask = PRESENT;
    pdpte.presentValue = PRESENT;
    pdpte.tableFixed = PDPTE_RESERVED_LOW | bits(63, physicalBits);
    pdpte.tableDefault = PRESENT;
    pdpte.tableAddress = bits(51, 12);
    pdpte.leafRule = PteLevel.LeafRule.RESERVED;
    return new PteFormat(
        "x86_64-pae",
        Architecture.X86,
        /* vaBits= */ 32,
        physicalBits,
        /* addressShift= */ 0,
        /* rootMask= */ bits(31, 5),
        PteFormat.Roots.PDPTES,
        Set.of(PteFormat.Feature.PDPTE_REGISTERS),
        List.of(
            entry(1, reserved, /* pkeyMask= */ 0).level(),
            entry(2, reserved, /* pkeyMask= */ 0).level(),
            pdpte.level()));
  }

  private static LevelDraft entry(int level, long reserved, int pkeyMask) {
    LevelDraft draft = new LevelDraft(level, 12 + INDEX_BITS * (level - 1), INDEX_BITS);
    draft.presentMask = PRESENT;
    draft.presentValue = PRESENT;
    draft.tableMask = PAGE_SIZE;
    draft.tableFixed = reserved;
    draft.tableDefault = PRESENT | WRITE | USER | ACCESSED;
    draft.tableAddress = bits(51, 12);
    draft.leafFixed = reserved | (level > 1 ? bits(draft.shift - 1, 13) : 0);
    draft.leafAddress = bits(51, draft.shift);
    draft.leaf = permissions(GLOBAL, DIRTY, pkeyMask);
    draft.table = permissions(/* global= */ 0, /* dirty= */ 0, /* pkeyMask= */ 0);
    // PAT, PCD, PWT: the PAT bit of a large page is bit 12, where bit 7 says that it is large.
    draft.memoryType = new PteLevel.MemoryTypeBits(3, 3, level == 1 ? 5 : 10, 4);
    return draft;
  }

  private static PermissionBits permissions(long global, long dirty, int pkeyMask) {
    return new PermissionBits(
        /* inverted= */ EXECUTE_DISABLE,
        /* kernelRead= */ 0,
        /* kernelWrite= */ WRITE,
        /* kernelExecute= */ EXECUTE_DISABLE,
        /* userRead= */ USER,
        /* userWrite= */ USER | WRITE,
        /* userExecute= */ USER | EXECUTE_DISABLE,
        global,
        dirty,
        /* accessed= */ ACCESSED,
        /* userPage= */ USER,
        /* pkeyShift= */ 59,
        pkeyMask);
  }
}
