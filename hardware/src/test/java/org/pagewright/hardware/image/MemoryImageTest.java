package org.pagewright.hardware.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.paging.Walker;

class MemoryImageTest {
  static Stream<String> manifestModes() {
    return Stream.of(
        "x86_64-4level",
        "x86_64-5level",
        "x86_64-pae",
        "riscv64-sv39",
        "riscv64-sv48",
        "riscv64-sv57",
        "aarch64-4k",
        "aarch64-16k",
        "aarch64-64k");
  }

  private static MemoryImage image(ImageScenario scenario, String format) {
    return scenario.build(PteFormat.named(format), new SeededChoices(7));
  }

  @ParameterizedTest
  @MethodSource("manifestModes")
  void random_ofEveryMode_hasManyMappingsAndHoles(String format) {
    try (MemoryImage image = image(ImageScenario.RANDOM, format)) {
      Manifest manifest = image.manifest();

      assertThat(manifest.mappings()).hasSizeGreaterThanOrEqualTo(300);
      assertThat(manifest.unmapped()).isNotEmpty();
      assertThat(manifest.mappings()).extracting(Mapping::bytes).anyMatch(size -> size > 1 << 20);
    }
  }

  @ParameterizedTest
  @MethodSource("manifestModes")
  void everyMapping_translatesWithExactlyItsRights(String format) {
    try (MemoryImage image = image(ImageScenario.RANDOM, format)) {
      Walker walker = new Walker(image.memory(), image.format());
      for (Mapping mapping : image.manifest().mappings()) {
        long last = mapping.bytes() - 8;
        for (long offset : new long[] {0, last}) {
          requireRights(walker, image, mapping, offset);
        }
      }
      for (long va : image.manifest().unmapped()) {
        long read = walker.translate(image.registers(), va, Access.READ);
        assertThat(Translation.isFault(read)).as("0x%x", va).isTrue();
      }
    }
  }

  private static void requireRights(
      Walker walker, MemoryImage image, Mapping mapping, long offset) {
    long va = mapping.va() + offset;
    for (int mode : new int[] {0, Access.USER}) {
      String letters = mode == 0 ? mapping.kernel() : mapping.user();
      String got = "";
      for (int kind : new int[] {Access.READ, Access.WRITE, Access.EXECUTE}) {
        long answer = walker.translate(image.registers(), va, kind | mode);
        if (!Translation.isFault(answer)) {
          assertThat(Translation.pa(answer, va)).isEqualTo(mapping.pa() + offset);
          got += kind == Access.READ ? "r" : kind == Access.WRITE ? "w" : "x";
        }
      }
      assertThat(got).as("0x%x", va).isEqualTo(letters);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"s390x", "powerpc64-radix-4k", "loongarch64", "sparc64"})
  void every_ofTheOtherFormats_mapsSomething(String format) {
    try (MemoryImage image = image(ImageScenario.EVERY, format)) {
      assertThat(image.manifest().mappings()).isNotEmpty();
    }
  }

  @Test
  void sameSeed_givesTheSameManifest() {
    StringBuilder one = new StringBuilder();
    StringBuilder two = new StringBuilder();
    try (MemoryImage first = image(ImageScenario.RANDOM, "riscv64-sv48");
        MemoryImage second = image(ImageScenario.RANDOM, "riscv64-sv48")) {
      first.manifest().appendTo(one);
      second.manifest().appendTo(two);
    }

    assertThat(one.toString()).isEqualTo(two.toString()).contains("\"root\": \"0x81");
  }
}
