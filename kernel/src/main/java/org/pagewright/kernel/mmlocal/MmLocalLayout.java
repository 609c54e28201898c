package org.pagewright.kernel.mmlocal;

import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PteFormat;

/**
 * Addresses of the mm-local region under one page-table format. Models the constants of {@code
 * arch/x86/include/asm/pgtable_64_types.h} and {@code pgtable_32_areas.h} after "x86/mm: Generalize
 * LDT remap into mm-local region".
 *
 * @param base first address of the region
 * @param bytes size of the region
 * @param ldtBytes size of the LDT area at its start
 * @param rootLevel level of the table whose one entry covers the region
 */
public record MmLocalLayout(long base, long bytes, long ldtBytes, int rootLevel) {

  /** Entry of the top table, of 512, on 64 bits: the one below the direct map's first. */
  public static final int SLOT = 272;

  /** Four levels: {@code LDT_BASE_ADDR} of old, -120 TiB. */
  public static final MmLocalLayout X86_64_4LEVEL =
      new MmLocalLayout(0xffff_8800_0000_0000L, 1L << 39, 2L << 20, 4);

  /** Five levels: -60 PiB. */
  public static final MmLocalLayout X86_64_5LEVEL =
      new MmLocalLayout(0xff10_0000_0000_0000L, 1L << 48, 2L << 20, 5);

  /** PAE: the 2 MiB below the CPU entry area, all of them the LDT's. */
  public static final MmLocalLayout X86_PAE =
      new MmLocalLayout(0xff20_0000L, 2L << 20, 2L << 20, 2);

  public MmLocalLayout {
    if ((base & (bytes - 1)) != 0 || ldtBytes > bytes) {
      throw new IllegalArgumentException(
          "region at 0x" + Long.toHexString(base) + " of " + bytes + " bytes is not one entry");
    }
  }

  /** Whether processes have a region of their own under that format. */
  public static boolean isSupported(PteFormat format) {
    return format.architecture() == Architecture.X86;
  }

  /** The region of that format. */
  public static MmLocalLayout of(PteFormat format) {
    return switch (format.name()) {
      case "x86_64-4level" -> X86_64_4LEVEL;
      case "x86_64-5level" -> X86_64_5LEVEL;
      case "x86_64-pae" -> X86_PAE;
      default ->
          throw new IllegalArgumentException("no mm-local region with format " + format.name());
    };
  }

  /** First address behind the region. */
  public long end() {
    return base + bytes;
  }

  /** First address of the mermap. Models {@code MERMAP_BASE_ADDR}. */
  public long mermapBase() {
    return base + ldtBytes;
  }

  /** Room for the windows of the mermap; none with PAE. */
  public long mermapBytes() {
    return bytes - ldtBytes;
  }

  public boolean contains(long va) {
    return Long.compareUnsigned(va - base, bytes) < 0;
  }
}
