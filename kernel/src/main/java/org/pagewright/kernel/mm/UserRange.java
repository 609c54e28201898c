package org.pagewright.kernel.mm;

import org.pagewright.hardware.paging.PteFormat;

/**
 * Where user addresses end. Models {@code TASK_SIZE_MAX} and {@code KERNEL_PGD_BOUNDARY} (x86 with
 * {@code CONFIG_VMSPLIT_3G} on PAE, arm64, riscv; Linux 7.0).
 */
public final class UserRange {
  private static final long PAE_END = 0xc000_0000L;

  private UserRange() {}

  /**
   * First address above user space; user addresses begin at 0. Without the last page, as on x86,
   * which keeps a guard there.
   */
  public static long end(PteFormat format) {
    return tableEnd(format) - format.pageBytes();
  }

  /** First address whose top entry is not the user's. */
  private static long tableEnd(PteFormat format) {
    return switch (format.roots()) {
      case PDPTES -> PAE_END;
      case ONE -> 1L << (format.vaBits() - (format.has(PteFormat.Feature.SIGN_EXTENDED) ? 1 : 0));
      case TTBR, HALVES, QUADRANTS -> 1L << format.vaBits();
    };
  }
}
