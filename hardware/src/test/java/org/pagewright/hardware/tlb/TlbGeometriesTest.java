package org.pagewright.hardware.tlb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.PteFormats;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;

/** Tests of the presets, and that a TLB holds as much as its geometry says. */
class TlbGeometriesTest {
  private static final int DATA = 0;
  private static final int RIGHTS = Rights.KERNEL_READ | Rights.ACCESSED;

  static List<TlbGeometry> all() {
    return TlbGeometries.all();
  }

  private static PteFormat format(TlbGeometry geometry) {
    return PteFormats.all().stream()
        .filter(format -> format.architecture() == geometry.architecture())
        .filter(format -> format.pageShift() == 12)
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @MethodSource("all")
  void preset_everyNumber_hasASource(TlbGeometry geometry) {
    assertThat(geometry.arrays()).allSatisfy(array -> assertThat(array.source()).isNotBlank());
    assertThat(geometry.structures()).allSatisfy(s -> assertThat(s.source()).isNotBlank());
    assertThat(TlbGeometries.named(geometry.name())).isEqualTo(geometry);
  }

  @ParameterizedTest
  @MethodSource("all")
  void preset_bothRoles_canHoldTheSmallestPage(TlbGeometry geometry) {
    Tlb tlb = new Tlb(geometry, format(geometry));
    for (int role = 0; role < 2; role++) {
      long va = 0x7000L << role;
      tlb.fill(va, /* asid= */ 1, page(0x5000, 12), role);
      assertThat(Translation.pagePa(tlb.lookup(va, 1, role))).isEqualTo(0x5000);
    }
  }

  @ParameterizedTest
  @CsvSource({
    // preset, page size as a logarithm, entries of the last level that hold it
    "skylake, 12, 1536",
    "skylake, 21, 1536",
    "skylake, 30, 16",
    "golden-cove, 12, 2048",
    "zen3, 12, 2048",
    "zen4, 12, 3072",
    "neoverse-n1, 12, 1280",
    "neoverse-v2, 21, 2048",
    "u74, 12, 512",
  })
  void fill_consecutivePages_exactlySoManyStay(String name, int shift, int entries) {
    TlbGeometry geometry = TlbGeometries.named(name);
    Tlb tlb = new Tlb(geometry, format(geometry));
    for (int page = 0; page < 2 * entries; page++) {
      tlb.fill((long) page << shift, /* asid= */ 1, page(0, shift), DATA);
    }
    int[] held = new int[1];
    String last = geometry.arrays().stream().filter(a -> holds(a, shift)).toList().getLast().name();
    tlb.forEachEntry((array, va, asid, pageShift, translation) -> {
      if (array.equals(last)) {
        held[0]++;
        // Replacement is by age: the later half has stayed.
        assertThat(va >>> shift).isGreaterThanOrEqualTo(entries);
      }
    });
    assertThat(held[0]).isEqualTo(entries);
  }

  private static boolean holds(TlbGeometry.Array array, int shift) {
    return array.role() != TlbGeometry.Role.INSTRUCTION
        && (array.pageShifts().contains(shift) || array.pageShifts().isEmpty());
  }

  @Test
  void lookup_firstLevelEvicted_secondLevelAnswersAndRefills() {
    Tlb tlb = new Tlb(TlbGeometries.SKYLAKE, PteFormat.named("x86_64-4level"));
    for (int page = 0; page < 1000; page++) {
      tlb.fill(page * 4096L, /* asid= */ 1, page(page * 4096L, 12), DATA);
    }
    assertThat(Translation.pagePa(tlb.lookup(0, 1, DATA))).isZero();
    assertThat(tlb.secondLevelHits()).isEqualTo(1);
    assertThat(tlb.lookup(0, 1, DATA)).isNotEqualTo(Tlb.MISS);
    assertThat(tlb.secondLevelHits()).isEqualTo(1);
  }

  @Test
  void lookup_zenGigabytePage_secondLevelHoldsItIn2MiB() {
    Tlb tlb = new Tlb(TlbGeometries.ZEN3, PteFormat.named("x86_64-4level"));
    long va = 5L << 30;
    tlb.fill(va + (7 << 21), /* asid= */ 1, page(1L << 30, 30), DATA);
    long[] shifts = new long[1];
    tlb.forEachEntry((array, at, asid, shift, t) -> shifts[0] |= 1L << shift);
    assertThat(shifts[0]).isEqualTo(1L << 30 | 1L << 21);
  }

  @Test
  void lookup_otherAddressSpace_missesUnlessGlobal() {
    Tlb tlb = new Tlb(TlbGeometries.SKYLAKE, PteFormat.named("x86_64-4level"));
    tlb.fill(0x1000, /* asid= */ 1, page(0x9000, 12), DATA);
    long global = Translation.withRights(page(0xa000, 12), RIGHTS | Rights.GLOBAL);
    tlb.fill(0x2000, /* asid= */ 1, global, DATA);
    assertThat(tlb.lookup(0x1000, 2, DATA)).isEqualTo(Tlb.MISS);
    assertThat(tlb.lookup(0x2000, 2, DATA)).isEqualTo(global);
    assertThat(tlb.lookup(0x1000, 1, DATA)).isEqualTo(page(0x9000, 12));
  }

  @Test
  void lookup_everyAddressOfTheAddressSpace_isMatchedExactly() {
    Tlb tlb = new Tlb(TlbGeometries.small(Architecture.X86), PteFormat.named("x86_64-5level"));
    long[] vas = {0, 1L << 56, -1L << 56, -4096, 0x3000, 0xffff_8880_0000_0000L};
    for (long va : vas) {
      assertThat(tlb.lookup(va, 1, DATA)).isEqualTo(Tlb.MISS);
      tlb.fill(va, /* asid= */ 1, page(0x9000, 12), DATA);
      assertThat(tlb.lookup(va + 4095, 1, DATA)).isEqualTo(page(0x9000, 12));
      assertThat(tlb.lookup(va - 1, 1, DATA)).isEqualTo(Tlb.MISS);
    }
  }

  @Test
  void geometry_nonsense_isRefused() {
    assertThatThrownBy(
            () -> new TlbGeometry.Array("x", TlbGeometry.Role.DATA, 1, 12, 4, List.of(), "none"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("power of two");
    assertThatThrownBy(() -> TlbGeometries.named("pentium")).hasMessageContaining("skylake");
  }

  private static long page(long pa, int shift) {
    return Translation.of(pa, shift, RIGHTS, /* pkey= */ 0, /* memoryType= */ 0);
  }
}
