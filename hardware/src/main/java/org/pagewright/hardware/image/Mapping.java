package org.pagewright.hardware.image;

/**
 * A run of virtual addresses with equal rights that maps a run of physical addresses.
 *
 * @param bytes length of the run; a run may span several pages
 * @param kernel what privileged software may do, letters of {@code rwx}
 * @param user what user software may do, letters of {@code rwx}
 */
public record Mapping(long va, long pa, long bytes, String kernel, String user) {
  /** Whether {@code next} continues this run: adjacent on both sides and with equal rights. */
  boolean isContinuedBy(Mapping next) {
    return va + bytes == next.va
        && pa + bytes == next.pa
        && kernel.equals(next.kernel)
        && user.equals(next.user);
  }

  Mapping plus(Mapping next) {
    return new Mapping(va, pa, bytes + next.bytes, kernel, user);
  }
}
