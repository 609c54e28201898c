package org.pagewright.hardware.paging;

/**
 * What a translation grants, as bits of an {@code int} that mean the same for every architecture.
 *
 * <p>These are the rights in the tables; what control registers take away or add when the access is
 * made (SMEP, SMAP, PAN, SUM, MXR, CR0.WP, protection keys) is {@link Walker#check}'s part.
 */
public final class Rights {
  public static final int KERNEL_READ = 1;
  public static final int KERNEL_WRITE = 1 << 1;
  public static final int KERNEL_EXECUTE = 1 << 2;
  public static final int USER_READ = 1 << 3;
  public static final int USER_WRITE = 1 << 4;
  public static final int USER_EXECUTE = 1 << 5;

  /** Matches any address-space number. */
  public static final int GLOBAL = 1 << 6;

  /** Written since the bit was cleared; set where the architecture has no such bit. */
  public static final int DIRTY = 1 << 7;

  /** Every entry used is marked accessed; set where the architecture has no such bit. */
  public static final int ACCESSED = 1 << 8;

  /** Belongs to user space in the sense of SMEP, SMAP, PAN, SUM and PKRU. */
  public static final int USER_PAGE = 1 << 9;

  /** A permission overlay (arm64 POE) applies to kernel accesses. */
  public static final int KERNEL_OVERLAY = 1 << 10;

  /** A permission overlay (arm64 POE) applies to user accesses. */
  public static final int USER_OVERLAY = 1 << 11;

  public static final int KERNEL = KERNEL_READ | KERNEL_WRITE | KERNEL_EXECUTE;
  public static final int USER = USER_READ | USER_WRITE | USER_EXECUTE;

  /** The six permissions, without the flags. */
  public static final int PERMISSIONS = KERNEL | USER;

  /** Kernel permissions shifted left by this are the user permissions. */
  static final int USER_SHIFT = 3;

  static final int ALL = (1 << 12) - 1;

  private Rights() {}

  /** Letters of what the kernel may do: {@code rw}, {@code rx}, empty for nothing. */
  public static String kernelLetters(int rights) {
    return letters(rights);
  }

  /** Letters of what user mode may do. */
  public static String userLetters(int rights) {
    return letters(rights >>> USER_SHIFT);
  }

  private static String letters(int kinds) {
    return ((kinds & KERNEL_READ) != 0 ? "r" : "")
        + ((kinds & KERNEL_WRITE) != 0 ? "w" : "")
        + ((kinds & KERNEL_EXECUTE) != 0 ? "x" : "");
  }
}
