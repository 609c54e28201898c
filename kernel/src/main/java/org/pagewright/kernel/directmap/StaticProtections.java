package org.pagewright.kernel.directmap;

import org.pagewright.kernel.arch.KernelLayout;

/**
 * Bits that a mapping may not have, whatever is requested. Models {@code static_protections()}
 * (arch/x86/mm/pat/set_memory.c, Linux 7.0).
 *
 * <p>Three rules look at the virtual address or the frame: kernel text stays executable, text and
 * read-only data stay read-only once they are, the BIOS range stays executable where it is used.
 */
final class StaticProtections {
  private static final long BIOS_FROM = 0xa0000;
  private static final long BIOS_TO = 0x100000;

  private final KernelLayout layout;
  private final KernelImage image;

  /** {@code kernel_set_to_readonly}: text and read-only data have been write-protected. */
  private boolean isReadOnly;

  StaticProtections(KernelLayout layout, KernelImage image) {
    this.layout = layout;
    this.image = image;
  }

  void setReadOnly() {
    isReadOnly = true;
  }

  /**
   * The flags that are left of {@code flags} for {@code pages} 4K pages from {@code va} on.
   *
   * @param largeBytes size of the large page under inspection, or 0 to enforce
   * @param isLarge whether {@code va} is mapped by a leaf above 4K
   */
  long apply(long flags, long va, long pfn, long pages, long largeBytes, boolean isLarge) {
    if (!X86Entry.isPresent(flags) || image.isEmpty()) {
      return flags;
    }
    long bytes = pages << 12;
    long pa = pfn << 12;
    long forbidden = 0;
    if (overlapsImageVa(va, bytes, image.textPa(), image.textEndPa())) {
      forbidden |= X86Entry.NO_EXECUTE;
    }
    boolean spansLarge = largeBytes == bytes && (va & largeBytes - 1) == 0;
    if (!spansLarge
        && isReadOnly
        && isLarge
        && overlapsImageVa(va, bytes, image.textPa(), image.rodataEndPa())) {
      forbidden |= X86Entry.WRITE;
    }
    if (image.biosExecutable() && overlaps(pa, bytes, BIOS_FROM, BIOS_TO)) {
      forbidden |= X86Entry.NO_EXECUTE;
    }
    if (isReadOnly && overlaps(pa, bytes, image.rodataPa(), image.rodataEndPa())) {
      forbidden |= X86Entry.WRITE;
    }
    return flags & ~forbidden;
  }

  private boolean overlapsImageVa(long va, long bytes, long fromPa, long toPa) {
    return overlaps(va - layout.imageBase(), bytes, fromPa, toPa);
  }

  /** Whether {@code [at, at + bytes)} meets {@code [from, to)}; {@code at} may be any number. */
  private static boolean overlaps(long at, long bytes, long from, long to) {
    return at < to && at + bytes > from;
  }
}
