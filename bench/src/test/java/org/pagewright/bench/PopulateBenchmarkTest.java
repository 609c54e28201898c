package org.pagewright.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PopulateBenchmarkTest {
  @ParameterizedTest
  @ValueSource(strings = {"baseline", "skip-flush", "unmapped", "unmapped-zeroed"})
  void populate_aSmallGuest_writesAllOfIt(String variant) {
    PopulateBenchmark benchmark = new PopulateBenchmark();
    benchmark.variant = variant;
    benchmark.guestMib = 128;
    benchmark.boot();
    assertThat(benchmark.populate()).isEqualTo(128L << 20);
    benchmark.close();
  }
}
