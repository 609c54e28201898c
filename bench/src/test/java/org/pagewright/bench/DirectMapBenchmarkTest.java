package org.pagewright.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DirectMapBenchmarkTest {
  @ParameterizedTest
  @CsvSource({"x86_64-4level, 1", "x86_64-4level, 3", "aarch64-4k, 2"})
  void everyQuestion_askedOnce_hasASensibleAnswer(String format, int cpus) {
    DirectMapBenchmark benchmark = new DirectMapBenchmark();
    benchmark.format = format;
    benchmark.cpus = cpus;
    benchmark.boot();
    assertThat(benchmark.blockOutAndBack()).isZero();
    assertThat(benchmark.pageOutAndBack()).isZero();
    assertThat(benchmark.pageOutAndBackWithoutFlush()).isZero();
    assertThat(benchmark.isPresent()).isTrue();
    benchmark.close();
  }
}
