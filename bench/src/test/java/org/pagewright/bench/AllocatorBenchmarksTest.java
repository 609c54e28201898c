package org.pagewright.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the benchmarks of the page allocator once: they still mean what they say. */
final class AllocatorBenchmarksTest {
  @ParameterizedTest
  @ValueSource(strings = {"6.1", "6.18", "7.0"})
  void allocator_everyQuestion_getsPages(String kernel) {
    AllocatorBenchmark benchmark = new AllocatorBenchmark();
    benchmark.kernel = kernel;
    benchmark.boot();
    assertThat(benchmark.pair()).isPositive();
    assertThat(benchmark.bulk()).isPositive();
    benchmark.close();
  }

  @Test
  void replay_ofTheSample_readsAllEvents() throws IOException {
    ReplayBenchmark benchmark = new ReplayBenchmark();
    Path here = Path.of(benchmark.trace);
    benchmark.trace = (Files.exists(here) ? here : Path.of("..").resolve(here)).toString();
    assertThat(benchmark.parse()).isEqualTo(208_875);
    assertThat(benchmark.replay()).isPositive();
  }
}
