package org.pagewright.kernel.directmap;

import org.pagewright.kernel.pgtable.EntrySlot;

/**
 * The bits of an x86 entry that change_page_attr works with.
 *
 * <p>A protection is an entry without its frame, in the 4K layout: bit 7 is the PAT bit there and
 * the large mark above level 1, where PAT moves to bit 12. Models {@code pgtable_types.h} (Linux
 * 7.0).
 */
final class X86Entry {
  static final long PRESENT = 1L;
  static final long WRITE = 1L << 1;
  static final long ACCESSED = 1L << 5;
  static final long DIRTY = 1L << 6;
  static final long GLOBAL = 1L << 8;

  /** {@code _PAGE_KERNEL_4K}: shares software bit 11 with soft-dirty, which user entries use. */
  static final long KERNEL_4K = 1L << 11;

  /** Protection key of a leaf: four bits. */
  static final int KEY_SHIFT = 59;

  static final long KEYS = 15L << KEY_SHIFT;

  static final long NO_EXECUTE = 1L << 63;

  /** Large mark of an upper leaf; the PAT bit of a 4K entry. */
  static final long LARGE = 1L << 7;

  private static final long PAT_OF_LARGE = 1L << 12;
  private static final long FRAME = (1L << 52) - (1L << 12);

  private X86Entry() {}

  /** Frame number of a leaf, present or not. */
  static long pfn(long entry, int level) {
    long address = entry & FRAME;
    return (level == 1 ? address : address & ~PAT_OF_LARGE) >>> 12;
  }

  /** The entry's own flags, in its own layout. */
  static long flags(long entry, int level) {
    return level == 1 ? entry & ~FRAME : entry & ~(FRAME & ~PAT_OF_LARGE);
  }

  /** Flags of a large entry in the 4K layout, without the large mark. */
  static long largeToSmall(long flags) {
    long pat = (flags & PAT_OF_LARGE) != 0 ? LARGE : 0;
    return (flags & ~(LARGE | PAT_OF_LARGE)) | pat;
  }

  /** Flags of the 4K layout in that of a large entry, without the large mark. */
  static long smallToLarge(long flags) {
    long pat = (flags & LARGE) != 0 ? PAT_OF_LARGE : 0;
    return (flags & ~(LARGE | PAT_OF_LARGE)) | pat;
  }

  /**
   * Clears Global in a protection that is not present: there, bit 8 says {@code PROT_NONE}. Setting
   * Present again does not bring Global back.
   */
  static long withoutGlobalUnlessPresent(long flags) {
    return (flags & PRESENT) != 0 ? flags : flags & ~GLOBAL;
  }

  static long entry(long pfn, long flags) {
    return pfn << 12 | flags;
  }

  static boolean isPresent(long entry) {
    return (entry & PRESENT) != 0;
  }

  /** 4K pages that an entry of {@code level} maps. */
  static long pages(int level) {
    return 1L << (9 * (level - 1));
  }

  /** Whether the slot's entry maps memory by itself if it is not empty. */
  static boolean isSmall(long slot) {
    return EntrySlot.level(slot) == 1;
  }
}
