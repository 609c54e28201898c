package org.pagewright.kernel.arch;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the regions of the kernel half of the address space stand: the presets without
 * randomisation, {@link RandomLayout} with it.
 *
 * @param directMapBase address of physical address 0 in the direct map ({@code PAGE_OFFSET})
 * @param directMapBytes room for the direct map
 * @param vmallocBase first address of vmalloc space, which also holds modules here
 * @param imageBase virtual address that maps physical address 0 in the kernel image mapping, so
 *     that the image at {@code pa} stands at {@code imageBase + pa}
 * @param mmLocalBase first address of the mm-local region, or 0 where the architecture has none
 * @param vmemmapBase first address of the frames' descriptors ({@code struct page})
 * @param vmemmapBytes room for them, or 0 where the model leaves them out
 */
public record KernelLayout(
    String name,
    long directMapBase,
    long directMapBytes,
    long vmallocBase,
    long vmallocBytes,
    long imageBase,
    long mmLocalBase,
    long vmemmapBase,
    long vmemmapBytes) {

  /** A region by its name. */
  public record Region(String name, long base, long bytes) {
    /** Whether two regions have an address in common. */
    public boolean overlaps(Region other) {
      return Long.compareUnsigned(base, other.base + other.bytes - 1) <= 0
          && Long.compareUnsigned(other.base, base + bytes - 1) <= 0;
    }
  }

  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;
  private static final long TIB = 1L << 40;

  /** {@code Documentation/arch/x86/x86_64/mm.rst}, 4-level. */
  public static final KernelLayout X86_64_4LEVEL =
      new KernelLayout(
          "x86_64-4level",
          0xffff_8880_0000_0000L,
          64 * TIB,
          0xffff_c900_0000_0000L,
          32 * TIB,
          0xffff_ffff_8000_0000L,
          0xffff_8800_0000_0000L,
          0xffff_ea00_0000_0000L,
          TIB);

  /** {@code Documentation/arch/x86/x86_64/mm.rst}, 5-level. */
  public static final KernelLayout X86_64_5LEVEL =
      new KernelLayout(
          "x86_64-5level",
          0xff11_0000_0000_0000L,
          32L << 50,
          0xffa0_0000_0000_0000L,
          12800 * TIB,
          0xffff_ffff_8000_0000L,
          0xff10_0000_0000_0000L,
          0xffd4_0000_0000_0000L,
          512 * TIB);

  /** arm64 with 48-bit addresses: linear map at the start of the upper half. */
  public static final KernelLayout ARM64_48 =
      new KernelLayout(
          "arm64-48",
          0xffff_0000_0000_0000L,
          128 * TIB,
          0xffff_8000_8000_0000L,
          120 * TIB,
          0xffff_fb00_0000_0000L,
          0,
          0,
          0);

  /** arm64 with 39-bit addresses. */
  public static final KernelLayout ARM64_39 =
      new KernelLayout(
          "arm64-39",
          0xffff_ff80_0000_0000L,
          256 * GIB,
          0xffff_ffc0_8000_0000L,
          240 * GIB,
          0xffff_fffd_0000_0000L,
          0,
          0,
          0);

  /** {@code Documentation/arch/riscv/vm-layout.rst}. */
  public static final KernelLayout RISCV_SV39 =
      new KernelLayout(
          "riscv-sv39",
          0xffff_ffd6_0000_0000L,
          128 * GIB,
          0xffff_ffc7_0000_0000L,
          48 * GIB,
          0xffff_ffff_0000_0000L,
          0,
          0,
          0);

  /** {@code Documentation/arch/riscv/vm-layout.rst}. */
  public static final KernelLayout RISCV_SV48 =
      new KernelLayout(
          "riscv-sv48",
          0xffff_af80_0000_0000L,
          64 * TIB,
          0xffff_8f80_0000_0000L,
          24 * TIB,
          0xffff_ffff_0000_0000L,
          0,
          0,
          0);

  /** {@code Documentation/arch/riscv/vm-layout.rst}. */
  public static final KernelLayout RISCV_SV57 =
      new KernelLayout(
          "riscv-sv57",
          0xff60_0000_0000_0000L,
          32L << 50,
          0xff20_0000_0000_0000L,
          12L << 50,
          0xffff_ffff_0000_0000L,
          0,
          0,
          0);

  /**
   * 32-bit x86 with three gibibytes for user space ({@code CONFIG_VMSPLIT_3G}); the image is part
   * of the direct map. Above vmalloc space stand the LDT's 2 MiB, the CPU entry area and the fixed
   * mappings.
   */
  public static final KernelLayout X86_PAE =
      new KernelLayout(
          "x86_64-pae",
          0xc000_0000L,
          896 * MIB,
          0xf880_0000L,
          100 * MIB,
          0xc000_0000L,
          0xff20_0000L,
          0,
          0);

  public KernelLayout {
    if (directMapBytes <= 0 || vmallocBytes <= 0) {
      throw new IllegalArgumentException(name + ": empty region");
    }
    boolean is32Bit = directMapBase >>> 32 == 0;
    assert is32Bit || directMapBase < 0 : name;
  }

  /** The same with other regions where Linux randomises. */
  KernelLayout withRegions(
      String otherName,
      long directBase,
      long directBytes,
      long vmalloc,
      long vmemmap,
      long otherVmemmapBytes) {
    return new KernelLayout(
        otherName,
        directBase,
        directBytes,
        vmalloc,
        vmallocBytes,
        imageBase,
        mmLocalBase,
        vmemmap,
        otherVmemmapBytes);
  }

  /** The regions whose places Linux may choose; the image and those of processes are left out. */
  public List<Region> regions() {
    List<Region> regions = new ArrayList<>();
    regions.add(new Region("direct map", directMapBase, directMapBytes));
    regions.add(new Region("vmalloc space", vmallocBase, vmallocBytes));
    if (vmemmapBytes != 0) {
      regions.add(new Region("vmemmap", vmemmapBase, vmemmapBytes));
    }
    return regions;
  }

  /** The layout that Linux uses with a page-table format. */
  public static KernelLayout forFormat(String format) {
    return switch (format) {
      case "x86_64-4level" -> X86_64_4LEVEL;
      case "x86_64-5level" -> X86_64_5LEVEL;
      case "x86_64-pae" -> X86_PAE;
      case "riscv64-sv39" -> RISCV_SV39;
      case "riscv64-sv48" -> RISCV_SV48;
      case "riscv64-sv57" -> RISCV_SV57;
      case "aarch64-4k", "aarch64-64k" -> ARM64_48;
      case "aarch64-16k" -> ARM64_48;
      default -> throw new IllegalArgumentException("no kernel layout for format " + format);
    };
  }

  /** Address of {@code pa} in the direct map. Models {@code __va()}. */
  public long directVa(long pa) {
    return directMapBase + pa;
  }

  /** Physical address behind a direct-map address. Models {@code __pa()}. */
  public long directPa(long va) {
    assert inDirectMap(va) : Long.toHexString(va);
    return va - directMapBase;
  }

  /** Whether {@code va} lies in the region of the direct map. */
  public boolean inDirectMap(long va) {
    return Long.compareUnsigned(va - directMapBase, directMapBytes) < 0;
  }

  /** Whether {@code va} lies in vmalloc space. */
  public boolean inVmalloc(long va) {
    return Long.compareUnsigned(va - vmallocBase, vmallocBytes) < 0;
  }
}
