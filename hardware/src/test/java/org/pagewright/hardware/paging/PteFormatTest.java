package org.pagewright.hardware.paging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PteFormatTest {
  private static final int FLAGS =
      Rights.GLOBAL | Rights.DIRTY | Rights.ACCESSED | Rights.USER_PAGE;

  static List<PteFormat> formats() {
    return PteFormats.all();
  }

  @Test
  void formats_ofAllNames_areFoundByThem() {
    assertThat(PteFormats.all().stream().map(PteFormat::name))
        .containsExactly(
            "x86_64-4level",
            "x86_64-5level",
            "x86_64-pae",
            "riscv64-sv39",
            "riscv64-sv48",
            "riscv64-sv57",
            "aarch64-4k",
            "aarch64-16k",
            "aarch64-64k",
            "s390x",
            "powerpc64-radix-4k",
            "powerpc64-radix-64k",
            "loongarch64",
            "sparc64");
    for (PteFormat format : PteFormats.all()) {
      assertThat(PteFormat.named(format.name())).isSameAs(format);
    }
    assertThatThrownBy(() -> PteFormat.named("x86"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unknown format 'x86'; expected one of [x86_64-4level,");
  }

  @Test
  void physicalBits_outOfRange_areRefused() {
    assertThat(PteFormat.named("x86_64-4level").withPhysicalBits(46).physicalBits()).isEqualTo(46);
    assertThatThrownBy(() -> PteFormat.named("x86_64-4level").withPhysicalBits(53))
        .hasMessageContaining("expected 32 to 52");
  }

  @ParameterizedTest
  @CsvSource({
    "x86_64-4level,      48, 4, 4096,  '4K 2M 1G'",
    "x86_64-5level,      57, 5, 4096,  '4K 2M 1G'",
    "x86_64-pae,         32, 3, 4096,  '4K 2M'",
    "riscv64-sv39,       39, 3, 4096,  '4K 2M 1G'",
    "riscv64-sv48,       48, 4, 4096,  '4K 2M 1G 512G'",
    "riscv64-sv57,       57, 5, 4096,  '4K 2M 1G 512G 256T'",
    "aarch64-4k,         48, 4, 4096,  '4K 2M 1G'",
    "aarch64-16k,        48, 4, 16384, '16K 32M'",
    "aarch64-64k,        48, 3, 65536, '64K 512M'",
    "s390x,              64, 5, 4096,  '4K 1M 2G'",
    "powerpc64-radix-4k, 52, 4, 4096,  '4K 2M 1G'",
    "powerpc64-radix-64k,52, 4, 65536, '64K 2M 1G'",
    "loongarch64,        47, 3, 16384, '16K 32M 64G'",
    "sparc64,            53, 4, 8192,  '8K 8M'",
  })
  void geometry_ofEveryFormat_isThatOfTheManual(
      String name, int vaBits, int levels, long pageBytes, String leaves) {
    PteFormat format = PteFormat.named(name);
    List<String> sizes = new ArrayList<>();
    for (int level = 1; level <= format.topLevel(); level++) {
      if (format.isLeafLevel(level)) {
        sizes.add(size(format.levelBytes(level)));
      }
    }

    assertThat(format.vaBits()).isEqualTo(vaBits);
    assertThat(format.topLevel()).isEqualTo(levels);
    assertThat(format.pageBytes()).isEqualTo(pageBytes);
    assertThat(String.join(" ", sizes)).isEqualTo(leaves);
  }

  private static String size(long bytes) {
    int unit = Long.numberOfTrailingZeros(bytes) / 10;
    return (bytes >>> (10 * unit)) + " KMGTP".substring(unit, unit + 1);
  }

  @ParameterizedTest
  @MethodSource("formats")
  void leaf_ofEveryLevelAndEveryRights_isDecodedAsItWasEncoded(PteFormat format) {
    for (int level = 1; level <= format.topLevel(); level++) {
      int expressible = 0;
      for (int rights = 0; format.isLeafLevel(level) && rights <= Rights.PERMISSIONS; rights++) {
        for (int flags = 0; flags < 16; flags++) {
          expressible += roundTrip(format, level, rights | spread(flags)) ? 1 : 0;
        }
      }
      assertThat(expressible > 0).isEqualTo(format.isLeafLevel(level));
    }
  }

  private static int spread(int flags) {
    return flags << 6 & FLAGS;
  }

  /** False when the format cannot express the rights. */
  private static boolean roundTrip(PteFormat format, int level, int rights) {
    long pa = 5L * format.levelBytes(level);
    if (pa >>> Math.min(format.physicalBits(), 52) != 0) {
      pa = 0;
    }
    int pkey = format.level(level).leaf().pkeyMask() & 5;
    long leaf;
    try {
      leaf = format.leaf(level, pa, rights, pkey, /* memoryType= */ 0);
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining("cannot express");
      return false;
    }
    assertThat(format.isPresent(leaf, level)).isTrue();
    assertThat(format.isLeaf(leaf, level)).isTrue();
    assertThat(format.isTable(leaf, level)).isFalse();
    assertThat(format.pa(leaf, level)).isEqualTo(pa);
    assertThat(format.pkey(leaf, level)).isEqualTo(pkey);
    int decoded = format.rights(leaf, level);
    assertThat(decoded & Rights.PERMISSIONS).isEqualTo(rights & Rights.PERMISSIONS);
    PermissionBits bits = format.level(level).leaf();
    if (bits.global() != 0) {
      assertThat(decoded & Rights.GLOBAL).isEqualTo(rights & Rights.GLOBAL);
    }
    if (bits.accessed() != 0) {
      assertThat(decoded & Rights.ACCESSED).isEqualTo(rights & Rights.ACCESSED);
    }
    return true;
  }

  @ParameterizedTest
  @MethodSource("formats")
  void table_ofEveryLevel_isDecodedAsItWasEncoded(PteFormat format) {
    for (int level = 2; level <= format.topLevel(); level++) {
      long table = format.table(level, 0x1230000);

      assertThat(format.isTable(table, level)).isTrue();
      assertThat(format.isLeaf(table, level)).isFalse();
      assertThat(format.pa(table, level)).isEqualTo(0x1230000);
      assertThat(format.level(level).verdict(table)).isNull();
      assertThat(format.isPresent(format.empty(level), level)).isFalse();
    }
    assertThat(format.isPresent(format.empty(1), 1)).isFalse();
  }

  @Test
  void addresses_thatDoNotFit_areRefused() {
    PteFormat x86 = PteFormat.named("x86_64-4level").withPhysicalBits(40);
    assertThatThrownBy(() -> x86.leaf(2, 0x1000, Rights.KERNEL_READ | Rights.KERNEL_EXECUTE))
        .hasMessageContaining("0x1000 is no address for x86_64-4level at level 2");
    assertThatThrownBy(() -> x86.table(2, 1L << 40)).hasMessageContaining("is no address");
    assertThatThrownBy(() -> x86.leaf(4, 0, Rights.KERNEL_READ)).hasMessageContaining("no leaf");
    assertThatThrownBy(() -> x86.leaf(1, 0, Rights.USER_READ))
        .hasMessageContaining("cannot express the rights k= u=r");
    assertThatThrownBy(() -> x86.leaf(1, 0, Rights.KERNEL_READ, /* pkey= */ 16, 0))
        .hasMessageContaining("no protection key 16");
  }

  /** Entries as Linux writes them, from the figures in the manuals; rights as k/u letters. */
  @ParameterizedTest
  @CsvSource({
    // _PAGE_KERNEL, _PAGE_KERNEL_EXEC, user RW NX, user RX, 2M kernel large page
    "x86_64-4level, 1, 0x8000000012345163, 0x12345000, rw, ''",
    "x86_64-4level, 1, 0x0000000012345163, 0x12345000, rwx, ''",
    "x86_64-4level, 1, 0x8000000012345067, 0x12345000, rw, rw",
    "x86_64-4level, 1, 0x0000000012345025, 0x12345000, rx, rx",
    "x86_64-4level, 2, 0x80000000124001e3, 0x12400000, rw, ''",
    "x86_64-4level, 3, 0x80000000400001e3, 0x40000000, rw, ''",
    // PAGE_KERNEL, PAGE_KERNEL_ROX, user PAGE_READONLY_EXEC, user PAGE_SHARED
    "aarch64-4k,    1, 0x0068000012345713, 0x12345000, rw, ''",
    "aarch64-4k,    1, 0x0040000012345793, 0x12345000, rx, ''",
    "aarch64-4k,    1, 0x0020000012345fd3, 0x12345000, r, rx",
    "aarch64-4k,    1, 0x0060000012345f53, 0x12345000, rw, rw",
    "aarch64-4k,    2, 0x0060000012400711, 0x12400000, rw, ''",
    "aarch64-64k,   1, 0x0068000012340713, 0x12340000, rw, ''",
    // V R W A D G; V R X U A; 2M; 1G
    "riscv64-sv39,  1, 0x00000000048d14e7, 0x12345000, rw, ''",
    "riscv64-sv39,  1, 0x00000000048d145b, 0x12345000, rx, rx",
    "riscv64-sv39,  2, 0x00000000049000e7, 0x12400000, rw, ''",
    "riscv64-sv39,  3, 0x00000000100000e7, 0x40000000, rw, ''",
    // a page without protection, one protected and not executable; a segment of 1M
    "s390x,         1, 0x0000000012345000, 0x12345000, rwx, rwx",
    "s390x,         1, 0x0000000012345300, 0x12345000, r, r",
    "s390x,         2, 0x0000000012300500, 0x12300000, rw, rw",
    // valid leaf, referenced, changed, privileged read write; user read execute
    "powerpc64-radix-4k, 1, 0xc00000001234518e, 0x12345000, rw, ''",
    "powerpc64-radix-4k, 1, 0xc000000012345185, 0x12345000, rx, rx",
    // V D PLV0 CC G present write; huge at PMD
    "loongarch64,   1, 0x40000000123441d3, 0x12344000, rw, ''",
    "loongarch64,   2, 0x40000000120011d3, 0x12000000, rw, ''",
    // valid, P, W; user X
    "sparc64,       1, 0x8000000012346740, 0x12346000, rw, ''",
    "sparc64,       1, 0x8000000012346680, 0x12346000, rx, rx",
  })
  void leaf_fromTheManual_isUnderstood(
      String name, int level, String entry, String pa, String kernel, String user) {
    PteFormat format = PteFormat.named(name);
    long leaf = Long.parseUnsignedLong(entry.substring(2), 16);

    assertThat(format.isLeaf(leaf, level)).isTrue();
    assertThat(format.level(level).verdict(leaf)).isNull();
    assertThat(format.pa(leaf, level)).isEqualTo(Long.decode(pa));
    assertThat(Rights.kernelLetters(format.rights(leaf, level))).isEqualTo(kernel);
    assertThat(Rights.userLetters(format.rights(leaf, level))).isEqualTo(user);
  }
}
