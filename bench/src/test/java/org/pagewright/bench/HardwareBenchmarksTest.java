package org.pagewright.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the benchmarks of TLBs and CPUs with tiny parameters: they still mean what they say. */
final class HardwareBenchmarksTest {
  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "aarch64-4k", "riscv64-sv48"})
  void tlb_everyQuestion_hasASensibleAnswer(String format) {
    TlbBenchmark benchmark = new TlbBenchmark();
    benchmark.format = format;
    benchmark.pages = 5000;
    benchmark.build();
    assertThat(benchmark.lookups()).isEqualTo(benchmark.translations());
    assertThat(benchmark.loads()).as("RAM is zero").isEqualTo(1);
    assertThat(benchmark.misses()).isPositive();
    benchmark.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "aarch64-4k", "riscv64-sv48"})
  void walks_everyQuestion_hasASensibleAnswer(String format) {
    WalkBenchmark benchmark = new WalkBenchmark();
    benchmark.format = format;
    benchmark.pages = 5000;
    benchmark.build();
    assertThat(benchmark.walks()).isNotZero();
    assertThat(benchmark.mapAndUnmap()).as("mapped").isPositive();
    assertThat(benchmark.mapAndUnmapLarge()).as("mapped").isPositive();
    assertThat(benchmark.scan()).as("all belong together").isEqualTo(1);
    assertThat(benchmark.print()).isGreaterThan(5000 * 60);
    benchmark.close();
  }

  @Test
  void seam_bothWays_doTheSame() {
    SeamBenchmark benchmark = new SeamBenchmark();
    benchmark.boot();
    assertThat(benchmark.entriesWithSeam()).isEqualTo(benchmark.entriesWithoutSeam());
    assertThat(benchmark.charges()).as("the table is free").isZero();
    benchmark.close();
  }

  @Test
  void schedules_oneRun_takesAllSteps() throws InterruptedException {
    ScheduleBenchmark benchmark = new ScheduleBenchmark();
    benchmark.boot();
    assertThat(benchmark.schedules()).isEqualTo(20);
    assertThat(benchmark.coroutineSwitches()).isTrue();
    assertThat(benchmark.virtualThreadSwitches()).isEqualTo(ScheduleBenchmark.SWITCHES);
    benchmark.close();
  }

  @Test
  void explorer_everyStrategy_runsItsSchedules() {
    ExploreBenchmark benchmark = new ExploreBenchmark();
    assertThat(benchmark.everyOrder()).isEqualTo(ExploreBenchmark.SCHEDULES);
    assertThat(benchmark.drawnOrders()).isEqualTo(ExploreBenchmark.SCHEDULES);
    assertThat(benchmark.priorityOrders()).isEqualTo(ExploreBenchmark.SCHEDULES);
    assertThat(benchmark.onAKernel()).isEqualTo(ExploreBenchmark.BOOTS);
  }
}
