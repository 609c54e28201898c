package org.pagewright.kernel.directmap;

/**
 * Where the kernel image lies in physical memory, and what of it is protected for good.
 *
 * <p>Models the symbols {@code _text}, {@code _etext}, {@code __start_rodata}, {@code __end_rodata}
 * and {@code _brk_end} that {@code static_protections()} looks at. The high mapping shows the whole
 * image at {@code layout.imageBase() + pa}.
 *
 * @param textPa start of the image and of its text
 * @param biosExecutable whether 640K to 1M must stay executable (PCI BIOS)
 */
public record KernelImage(
    long textPa,
    long textEndPa,
    long rodataPa,
    long rodataEndPa,
    long endPa,
    boolean biosExecutable) {

  private static final long MIB = 1L << 20;

  /** No image at all: nothing is protected, no high mapping. */
  public static final KernelImage NONE = new KernelImage(0, 0, 0, 0, 0, false);

  public KernelImage {
    if (textPa > textEndPa
        || textEndPa > rodataPa
        || rodataPa > rodataEndPa
        || rodataEndPa > endPa) {
      throw new IllegalArgumentException("kernel image: sections out of order");
    }
  }

  /**
   * A distribution kernel at {@code textPa}: 24M of text, 8M of read-only data, 16M of the rest.
   */
  public static KernelImage at(long textPa) {
    return new KernelImage(
        textPa,
        textPa + 24 * MIB,
        textPa + 24 * MIB,
        textPa + 32 * MIB,
        textPa + 48 * MIB,
        /* biosExecutable= */ false);
  }

  public boolean isEmpty() {
    return textPa == endPa;
  }

  /** Whether the frame at {@code pa} belongs to the image. */
  public boolean contains(long pa) {
    return pa >= textPa && pa < endPa;
  }
}
