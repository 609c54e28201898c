package org.pagewright.kernel.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ArchPolicyTest {
  /** One row per preset, as a kernel developer would check it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      useHeadersInDisplayName = true,
      textBlock =
          """
          policy           | flush     | single | range   | can set | base pages
          x86-64           | INTERRUPT | 33     | 0       | true    | false
          x86-64-invlpgb   | BROADCAST | 33     | 0       | true    | false
          arm64            | BROADCAST | 511    | 2097152 | true    | false
          arm64-pte-mapped | BROADCAST | 511    | 2097152 | true    | true
          arm64-fixed      | BROADCAST | 511    | 2097152 | false   | false
          riscv64          | INTERRUPT | 64     | 0       | true    | false
          """)
  void preset_hasLinuxLimits(
      String name,
      ArchPolicy.FlushMethod flush,
      int single,
      long range,
      boolean canSet,
      boolean basePages) {
    ArchPolicy policy = ArchPolicy.named(name);
    assertThat(policy.flushMethod()).isEqualTo(flush);
    assertThat(policy.singleFlushPages()).isEqualTo(single);
    assertThat(policy.rangeFlushPages()).isEqualTo(range);
    assertThat(policy.canSetDirectMap()).isEqualTo(canSet);
    assertThat(policy.forcesBasePages()).isEqualTo(basePages);
  }

  @Test
  void unknownName_isAnsweredWithTheKnownOnes() {
    assertThatThrownBy(() -> ArchPolicy.named("vax"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("vax")
        .hasMessageContaining("arm64-pte-mapped");
    assertThatThrownBy(() -> ArchPolicy.forFormat("s390x"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x86_64-4level",
        "x86_64-5level",
        "aarch64-4k",
        "riscv64-sv39",
        "riscv64-sv48",
        "riscv64-sv57"
      })
  void regionsOfALayout_areDisjoint(String format) {
    KernelLayout layout = KernelLayout.forFormat(format);
    long directEnd = layout.directMapBase() + layout.directMapBytes();
    long vmallocEnd = layout.vmallocBase() + layout.vmallocBytes();
    boolean directFirst = layout.directMapBase() < layout.vmallocBase();
    long lowerEnd = directFirst ? directEnd : vmallocEnd;
    long upper = directFirst ? layout.vmallocBase() : layout.directMapBase();
    assertThat(lowerEnd).isLessThanOrEqualTo(upper);
    assertThat(layout.inDirectMap(layout.imageBase())).isFalse();
    assertThat(layout.inVmalloc(layout.imageBase())).isFalse();
    assertThat(layout.inDirectMap(layout.directVa(0))).isTrue();
    assertThat(layout.directPa(layout.directVa(4096))).isEqualTo(4096);
  }
}
