package org.pagewright.hardware.paging;

import java.util.List;

/** All page-table formats by name, with the physical address size of a large machine. */
public final class PteFormats {
  private static final List<PteFormat> ALL =
      List.of(
          X86Formats.longMode(4, 52),
          X86Formats.longMode(5, 52),
          X86Formats.pae(52),
          RiscvFormats.sv(39, 52),
          RiscvFormats.sv(48, 52),
          RiscvFormats.sv(57, 52),
          Arm64Formats.granule(12, 48),
          Arm64Formats.granule(14, 48),
          Arm64Formats.granule(16, 48),
          BigEndianFormats.s390x(52),
          BigEndianFormats.powerRadix(12, 52),
          BigEndianFormats.powerRadix(16, 52),
          LoongarchFormats.loongarch64(48),
          BigEndianFormats.sparc64(52));

  private PteFormats() {}

  public static List<PteFormat> all() {
    return ALL;
  }

  /** The format of that name; the message of the error lists them all. */
  public static PteFormat named(String name) {
    for (PteFormat format : ALL) {
      if (format.name().equals(name)) {
        return format;
      }
    }
    throw new IllegalArgumentException("unknown format '" + name + "'; expected one of " + ALL);
  }

  static PteFormat build(String name, int physicalBits) {
    int most = named(name).physicalBits();
    if (physicalBits < 32 || physicalBits > most) {
      throw new IllegalArgumentException(
          name + " with " + physicalBits + " physical address bits; expected 32 to " + most);
    }
    return switch (name) {
      case "x86_64-4level" -> X86Formats.longMode(4, physicalBits);
      case "x86_64-5level" -> X86Formats.longMode(5, physicalBits);
      case "x86_64-pae" -> X86Formats.pae(physicalBits);
      case "riscv64-sv39" -> RiscvFormats.sv(39, physicalBits);
      case "riscv64-sv48" -> RiscvFormats.sv(48, physicalBits);
      case "riscv64-sv57" -> RiscvFormats.sv(57, physicalBits);
      case "aarch64-4k" -> Arm64Formats.granule(12, physicalBits);
      case "aarch64-16k" -> Arm64Formats.granule(14, physicalBits);
      case "aarch64-64k" -> Arm64Formats.granule(16, physicalBits);
      case "s390x" -> BigEndianFormats.s390x(physicalBits);
      case "powerpc64-radix-4k" -> BigEndianFormats.powerRadix(12, physicalBits);
      case "powerpc64-radix-64k" -> BigEndianFormats.powerRadix(16, physicalBits);
      case "loongarch64" -> LoongarchFormats.loongarch64(physicalBits);
      case "sparc64" -> BigEndianFormats.sparc64(physicalBits);
      default -> throw new AssertionError(name);
    };
  }
}
