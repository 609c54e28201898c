package org.pagewright.hardware.paging;

import static org.pagewright.hardware.paging.LevelDraft.bit;
import static org.pagewright.hardware.paging.LevelDraft.bits;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The entries of LoongArch64 as its page-table walker reads them with Linux's default of 16 KiB
 * pages and three levels: LoongArch Reference Manual volume 1, "Page table entry formats".
 */
final class LoongarchFormats {
  private static final long VALID = bit(0);
  private static final long DIRTY = bit(1);
  private static final long PRIVILEGE_USER = bits(3, 2);
  private static final long GLOBAL = bit(6);
  private static final long HUGE = bit(6);
  private static final long WRITE = bit(8);
  private static final long HUGE_GLOBAL = bit(12);
  private static final long NO_READ = bit(61);
  private static final long NO_EXECUTE = bit(62);

  private static final int PAGE_SHIFT = 14;
  private static final int INDEX_BITS = PAGE_SHIFT - 3;
  private static final int LEVELS = 3;

  private static final PermissionBits LEAF =
      new PermissionBits(
          /* inverted= */ NO_READ | NO_EXECUTE,
          /* kernelRead= */ NO_READ,
          /* kernelWrite= */ WRITE,
          /* kernelExecute= */ NO_EXECUTE,
          /* userRead= */ NO_READ | PRIVILEGE_USER,
          /* userWrite= */ WRITE | PRIVILEGE_USER,
          /* userExecute= */ NO_EXECUTE | PRIVILEGE_USER,
          /* global= */ GLOBAL,
          /* dirty= */ DIRTY,
          /* accessed= */ 0,
          /* userPage= */ PRIVILEGE_USER,
          /* pkeyShift= */ 0,
          /* pkeyMask= */ 0);

  private LoongarchFormats() {}

  static PteFormat loongarch64(int physicalBits) {
    List<PteLevel> levels = new ArrayList<>();
    for (int level = 1; level <= LEVELS; level++) {
      LevelDraft draft = new LevelDraft(level, PAGE_SHIFT + INDEX_BITS * (level - 1), INDEX_BITS);
      draft.presentMask = level == 1 ? VALID : 0;
      draft.presentValue = draft.presentMask;
      draft.zeroIsEmpty = true;
      draft.zeroStandIn = HUGE;
      draft.tableMask = HUGE;
      draft.tableAddress = bits(physicalBits - 1, 12);
      draft.leafPresent = VALID;
      draft.leafAddress = bits(physicalBits - 1, draft.shift);
      draft.addressSize = bits(47, physicalBits);
      draft.leaf = level == 1 ? LEAF : LEAF.withGlobal(HUGE_GLOBAL);
      draft.memoryType = PteLevel.MemoryTypeBits.field(4, 3);
      levels.add(draft.level());
    }
    return new PteFormat(
        "loongarch64",
        Architecture.LOONGARCH,
        /* vaBits= */ PAGE_SHIFT + INDEX_BITS * LEVELS,
        physicalBits,
        /* addressShift= */ 0,
        /* rootMask= */ bits(47, 12),
        PteFormat.Roots.HALVES,
        Set.of(),
        levels);
  }
}
