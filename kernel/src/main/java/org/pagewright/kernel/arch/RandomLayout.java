package org.pagewright.kernel.arch;

import org.pagewright.hardware.choice.Choices;

/**
 * The kernel's regions at places drawn at boot. Models {@code kernel_randomize_memory()}
 * (arch/x86/mm/kaslr.c, Linux 7.0): direct map, vmalloc space and vmemmap keep their order between
 * the slot of the mm-local region and the CPU entry area, and share what room is left, in steps of
 * 1 GiB. The mm-local region keeps its place.
 */
public final class RandomLayout {
  private static final int TIB_SHIFT = 40;
  private static final int PUD_SHIFT = 30;
  private static final long PUD_BYTES = 1L << PUD_SHIFT;

  /** {@code CONFIG_RANDOMIZE_MEMORY_PHYSICAL_PADDING}: room for memory that is plugged in later. */
  private static final int PADDING_TIB = 10;

  private static final int STRUCT_PAGE_SHIFT = 6;
  private static final int PAGE_SHIFT = 12;

  /** {@code CPU_ENTRY_AREA_BASE}. */
  private static final long END = 0xffff_fe00_0000_0000L;

  private RandomLayout() {}

  /** Draws a layout for a 64-bit x86 kernel with memory up to {@code endBytes}. */
  public static KernelLayout of(KernelLayout fixed, long endBytes, Choices choices) {
    if (fixed.vmemmapBytes() == 0) {
      throw new IllegalArgumentException(fixed.name() + " is not randomised by the model");
    }
    long directBytes = Math.min(tib(endBytes) + PADDING_TIB, tib(fixed.directMapBytes()));
    directBytes <<= TIB_SHIFT;
    long vmemmapBytes = tib(directBytes >>> (PAGE_SHIFT - STRUCT_PAGE_SHIFT)) << TIB_SHIFT;
    long[] sizes = {directBytes, fixed.vmallocBytes(), vmemmapBytes};
    String[] names = {"direct map", "vmalloc space", "vmemmap"};
    long[] bases = new long[sizes.length];
    long va = fixed.directMapBase();
    long left = END - va - directBytes - fixed.vmallocBytes() - vmemmapBytes;
    for (int i = 0; i < sizes.length; i++) {
      long entropy = left / (sizes.length - i);
      int steps = Math.toIntExact((entropy >>> PUD_SHIFT) + 1);
      long gap = (long) choices.pick(steps, "address of the " + names[i]) << PUD_SHIFT;
      bases[i] = va + gap;
      va = (bases[i] + sizes[i] + PUD_BYTES) & -PUD_BYTES;
      left -= gap;
    }
    return fixed.withRegions(
        fixed.name() + "-random", bases[0], directBytes, bases[1], bases[2], vmemmapBytes);
  }

  private static long tib(long bytes) {
    return (bytes + (1L << TIB_SHIFT) - 1) >>> TIB_SHIFT;
  }
}
