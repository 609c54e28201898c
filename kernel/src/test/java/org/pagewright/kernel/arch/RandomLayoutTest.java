package org.pagewright.kernel.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mmlocal.MmLocalLayout;

/** Randomised places of the kernel's regions. */
class RandomLayoutTest {
  private static final int SEEDS = 300;
  private static final long GIB = 1L << 30;
  private static final KernelLayout.Region AREA =
      new KernelLayout.Region("CPU entry area", 0xffff_fe00_0000_0000L, 1L << 39);

  /** Where the LDT stood with five levels until 2018: entry -112 of the top table. */
  private static final KernelLayout.Region LDT_OF_OLD =
      new KernelLayout.Region("LDT", 0xff90_0000_0000_0000L, 1L << 48);

  private static List<KernelLayout.Region> regions(String format, int seed) {
    KernelLayout fixed = KernelLayout.forFormat(format);
    List<KernelLayout.Region> regions =
        new ArrayList<>(RandomLayout.of(fixed, 64 * GIB, new SeededChoices(seed)).regions());
    regions.add(AREA);
    return regions;
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-5level"})
  void layout_ofAnySeed_keepsRegionsApart(String format) {
    MmLocalLayout local = MmLocalLayout.of(PteFormat.named(format));
    for (int seed = 0; seed < SEEDS; seed++) {
      List<KernelLayout.Region> regions = regions(format, seed);
      regions.add(new KernelLayout.Region("mm-local region", local.base(), local.bytes()));
      for (int i = 0; i < regions.size(); i++) {
        for (int j = 0; j < i; j++) {
          assertThat(regions.get(i).overlaps(regions.get(j)))
              .as("seed %d: %s and %s", seed, regions.get(i), regions.get(j))
              .isFalse();
        }
      }
    }
  }

  @Test
  void ldtOfOld_withFiveLevels_liesInsideOtherRegionsOfSomeSeeds() {
    int collisions = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      if (regions("x86_64-5level", seed).stream().anyMatch(LDT_OF_OLD::overlaps)) {
        collisions++;
      }
    }
    assertThat(collisions).isBetween(1, SEEDS - 1);
  }

  @Test
  void kernel_withARandomLayout_boots() {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(MemoryMap.of(GIB / 2));
    KernelConfig fixed = KernelConfig.of(hardware);
    KernelLayout layout = RandomLayout.of(fixed.layout(), GIB / 2, new SeededChoices(1));
    assertThat(layout.directMapBase()).isNotEqualTo(fixed.layout().directMapBase());
    try (KernelMachine kernel = KernelMachine.boot(fixed.withLayout(layout))) {
      kernel.machine().memory().write(GIB / 4, 42);
      assertThat(kernel.cpu(0).load(layout.directVa(GIB / 4), Access.READ)).isEqualTo(42);
    }
  }

  @Test
  void layout_with32Bits_isRefused() {
    assertThatThrownBy(() -> RandomLayout.of(KernelLayout.X86_PAE, GIB, Choices.first()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("x86_64-pae");
  }
}
