package org.pagewright.lab.show;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.paging.Architecture;

/** What the manuals call the bits of an entry, by architecture and kind of entry. */
final class FieldNames {

  /** Kinds of entries that a manual draws one figure each for. */
  enum Kind {
    /** Maps a page of the smallest size. */
    PAGE,
    /** Maps a larger page. */
    LARGE,
    /** Points to a table. */
    TABLE
  }

  /** A run of bits with a name; an empty name means that the hardware ignores them. */
  private record Field(int high, int low, String name, List<Kind> kinds) {}

  private static final List<Kind> ALL = List.of(Kind.values());
  private static final List<Kind> LEAF = List.of(Kind.PAGE, Kind.LARGE);
  private static final List<Kind> PAGE = List.of(Kind.PAGE);
  private static final List<Kind> LARGE = List.of(Kind.LARGE);
  private static final List<Kind> TABLE = List.of(Kind.TABLE);

  /** Intel SDM volume 3, chapter "Paging". */
  private static final List<Field> X86 =
      List.of(
          new Field(0, 0, "P", ALL),
          new Field(1, 1, "R/W", ALL),
          new Field(2, 2, "U/S", ALL),
          new Field(3, 3, "PWT", ALL),
          new Field(4, 4, "PCD", ALL),
          new Field(5, 5, "A", ALL),
          new Field(6, 6, "D", LEAF),
          new Field(7, 7, "PAT", PAGE),
          new Field(7, 7, "PS", LARGE),
          new Field(8, 8, "G", LEAF),
          new Field(12, 12, "PAT", LARGE),
          new Field(62, 59, "key", LEAF),
          new Field(63, 63, "XD", ALL));

  /** Arm Architecture Reference Manual, "VMSAv8-64 translation table format descriptors". */
  private static final List<Field> ARM64 =
      List.of(
          new Field(0, 0, "V", ALL),
          new Field(1, 1, "T", ALL),
          new Field(4, 2, "Attr", LEAF),
          new Field(5, 5, "NS", LEAF),
          new Field(7, 6, "AP", LEAF),
          new Field(9, 8, "SH", LEAF),
          new Field(10, 10, "AF", LEAF),
          new Field(11, 11, "nG", LEAF),
          new Field(50, 50, "GP", LEAF),
          new Field(51, 51, "DBM", LEAF),
          new Field(52, 52, "Cont", LEAF),
          new Field(53, 53, "PXN", LEAF),
          new Field(54, 54, "UXN", LEAF),
          new Field(62, 60, "POI", LEAF),
          new Field(59, 59, "PXNT", TABLE),
          new Field(60, 60, "UXNT", TABLE),
          new Field(62, 61, "APT", TABLE),
          new Field(63, 63, "NST", TABLE));

  /** RISC-V Instruction Set Manual volume II, "Sv39", "Sv48", "Sv57", Svnapot, Svpbmt. */
  private static final List<Field> RISCV =
      List.of(
          new Field(0, 0, "V", ALL),
          new Field(1, 1, "R", ALL),
          new Field(2, 2, "W", ALL),
          new Field(3, 3, "X", ALL),
          new Field(4, 4, "U", LEAF),
          new Field(5, 5, "G", ALL),
          new Field(6, 6, "A", LEAF),
          new Field(7, 7, "D", LEAF),
          new Field(9, 8, "RSW", ALL),
          new Field(62, 61, "PBMT", LEAF),
          new Field(63, 63, "N", PAGE));

  private FieldNames() {}

  /** The manual's name for a bit, or null where only the format's own data can name it. */
  static @Nullable String name(Architecture architecture, Kind kind, int bit) {
    for (Field field : fields(architecture)) {
      if (bit <= field.high() && bit >= field.low() && field.kinds().contains(kind)) {
        return field.name();
      }
    }
    return null;
  }

  private static List<Field> fields(Architecture architecture) {
    return switch (architecture) {
      case X86 -> X86;
      case ARM64 -> ARM64;
      case RISCV -> RISCV;
      default -> List.of();
    };
  }

  /** Where the names and bits come from. */
  static String source(Architecture architecture) {
    return switch (architecture) {
      case X86 -> "Intel SDM volume 3, chapter \"Paging\"";
      case ARM64 -> "Arm ARM for A-profile, \"VMSAv8-64 translation table format descriptors\"";
      case RISCV -> "RISC-V Instruction Set Manual volume II, with Svnapot and Svpbmt";
      default -> "the sources named in the package of page-table formats";
    };
  }
}
