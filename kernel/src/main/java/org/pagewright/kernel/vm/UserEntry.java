package org.pagewright.kernel.vm;

import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;

/**
 * Entries of user mappings in one format. Models {@code mk_pte()}, {@code pte_wrprotect()}, {@code
 * pte_mkwrite()}, {@code pte_modify()} and {@code pte_protnone()} of the architectures.
 *
 * <p>A leaf that nobody may use ({@code PROT_NONE}) keeps everything but the bits that say that it
 * is present. Left out: software dirty bits of arm64, where a writable leaf counts as dirty.
 */
final class UserEntry {
  private static final int WRITE = Rights.USER_WRITE | Rights.KERNEL_WRITE;

  private static final int KEPT =
      Rights.PERMISSIONS | Rights.DIRTY | Rights.ACCESSED | Rights.USER_PAGE;

  private final PteFormat format;

  /** Whether whoever executes user pages also could as the kernel, but for control registers. */
  private final boolean sharesExecute;

  UserEntry(PteFormat format) {
    this.format = format;
    this.sharesExecute = format.architecture() != Architecture.ARM64;
  }

  /** Rights of a leaf under that protection, without writing. */
  private int readRights(int access) {
    int execute =
        (access & Access.EXECUTE) == 0
            ? 0
            : Rights.USER_EXECUTE | (sharesExecute ? Rights.KERNEL_EXECUTE : 0);
    return Rights.KERNEL_READ | Rights.USER_READ | Rights.USER_PAGE | Rights.ACCESSED | execute;
  }

  /** A leaf under that protection; hidden when it allows nothing. */
  long leaf(int level, long pa, int access, boolean writable) {
    int rights = readRights(access) | (writable ? WRITE | Rights.DIRTY : 0);
    long entry = format.leaf(level, pa, rights);
    return access == 0 ? hide(entry, level) : entry;
  }

  /** A leaf with the same page and other rights. */
  private long with(long entry, int level, int rights) {
    return format.leaf(
        level, leafPa(entry, level), rights & KEPT, format.pkey(entry, level), /* memoryType= */ 0);
  }

  boolean isEmpty(long entry, int level) {
    return entry == format.empty(level);
  }

  boolean isWritable(long entry, int level) {
    return format.isPresent(entry, level) && (format.rights(entry, level) & Rights.USER_WRITE) != 0;
  }

  boolean isDirty(long entry, int level) {
    return (format.rights(entry, level) & Rights.DIRTY) != 0;
  }

  long writeProtect(long entry, int level) {
    if (!isWritable(entry, level)) {
      return entry;
    }
    return with(entry, level, format.rights(entry, level) & ~WRITE);
  }

  /** The leaf for a write that is about to be made. */
  long makeWritable(long entry, int level) {
    return with(entry, level, format.rights(entry, level) | WRITE | Rights.DIRTY | Rights.ACCESSED);
  }

  /** The leaf marked as used, and as written if it is for a write that it allows. */
  long makeYoung(long entry, int level, boolean write) {
    int used = Rights.ACCESSED | (write ? Rights.DIRTY : 0);
    return with(entry, level, format.rights(entry, level) | used);
  }

  /** The leaf of a page whose contents may go: the next write has to say that it wants them. */
  long makeClean(long entry, int level) {
    if (!format.isPresent(entry, level)) {
      return entry;
    }
    return with(entry, level, format.rights(entry, level) & ~(WRITE | Rights.DIRTY));
  }

  /** The leaf under another protection; a page that may not be written in place stays so. */
  long modify(long entry, int level, int access, boolean writable) {
    long shown = shown(entry, level);
    int kept = format.rights(shown, level) & Rights.DIRTY;
    int rights = readRights(access) | (writable ? WRITE : 0) | kept;
    long changed = with(shown, level, rights);
    return access == 0 ? hide(changed, level) : changed;
  }

  /** The leaf so that no hardware uses it. */
  long hide(long entry, int level) {
    return entry & ~format.level(level).presentMask();
  }

  private long shown(long entry, int level) {
    return format.isPresent(entry, level) ? entry : show(entry, level);
  }

  private long show(long entry, int level) {
    return entry | format.level(level).presentValue();
  }

  // ---- pages on their way

  /**
   * What stands for a leaf while its page moves. Models {@code make_writable_migration_entry()} and
   * its like: no hardware uses it, it remembers page and rights, and no other hidden leaf lacks the
   * mark of having been used.
   */
  long migration(long entry, int level) {
    long shown = shown(entry, level);
    return hide(with(shown, level, format.rights(shown, level) & ~Rights.ACCESSED), level);
  }

  boolean isMigration(long entry, int level) {
    return !isEmpty(entry, level)
        && !format.isPresent(entry, level)
        && (format.rights(show(entry, level), level) & Rights.ACCESSED) == 0;
  }

  /** The same for a page that must not be written in place when it has arrived. */
  long readOnlyMigration(long entry, int level) {
    long shown = show(entry, level);
    return hide(with(shown, level, format.rights(shown, level) & ~WRITE), level);
  }

  /** The leaf of a page that has arrived. Models {@code remove_migration_pte()}. */
  long arrived(long entry, int level, long pa, int access) {
    long shown = show(entry, level);
    int rights = format.rights(shown, level);
    boolean writable = (rights & Rights.USER_WRITE) != 0 && (access & Access.WRITE) != 0;
    long moved =
        format.leaf(level, pa, rights & KEPT, format.pkey(shown, level), /* memoryType= */ 0);
    return modify(moved, level, access, writable);
  }

  /** Address of the page, of a hidden leaf too. */
  long leafPa(long entry, int level) {
    return (entry & format.level(level).leafAddress()) << format.addressShift();
  }

  /** The leaf for the n-th part of a huge leaf. */
  long part(long entry, int level, int n) {
    long pa = leafPa(entry, level) + n * format.levelBytes(level - 1);
    boolean isHidden = !format.isPresent(entry, level);
    long shown = shown(entry, level);
    int rights = format.rights(shown, level);
    long leaf =
        format.leaf(level - 1, pa, rights & KEPT, format.pkey(shown, level), /* memoryType= */ 0);
    return isHidden ? hide(leaf, level - 1) : leaf;
  }

  /** Whether going from one leaf to the other takes something away that a TLB may hold. */
  boolean needsFlush(long before, long after, int level) {
    if (!format.isPresent(before, level)) {
      return false;
    }
    if (!format.isPresent(after, level) || leafPa(before, level) != leafPa(after, level)) {
      return true;
    }
    int lost = format.rights(before, level) & ~format.rights(after, level);
    return (lost & (Rights.PERMISSIONS | Rights.DIRTY | Rights.ACCESSED)) != 0;
  }
}
