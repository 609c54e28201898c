package org.pagewright.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.pagewright.lab.report.CsvReport;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Json;
import org.pagewright.lab.report.Report;
import org.pagewright.lab.report.TextReport;

class RunnerTest {

  private static final FakeExperiment SEEDED =
      new FakeExperiment(t -> 1e6 * (1 + (t.seed() >>> 40) / (double) (1 << 24)), List.of());

  private static RunPlan.Request request(Integer samples, Long seed, List<String> variants) {
    return new RunPlan.Request(variants, samples, "small", null, List.of(), List.of(), null, seed);
  }

  private static RunPlan plan(Experiment experiment, int samples, long seed) {
    return RunPlan.of(experiment, request(samples, seed, List.of()));
  }

  private static RunResult run(RunPlan plan, int threads) {
    return new Runner(plan, threads).run((done, all) -> {});
  }

  @Test
  void result_doesNotDependOnThreads() {
    String one = Json.text(RunReport.json(run(plan(SEEDED, 20, 5), 1), "c", "v"));
    String four = Json.text(RunReport.json(run(plan(SEEDED, 20, 5), 4), "c", "v"));

    assertThat(four).isEqualTo(one);
  }

  @Test
  void seed_changesSamplesAndPairsVariants() {
    RunResult first = run(plan(SEEDED, 4, 1), 1);
    RunResult second = run(plan(SEEDED, 4, 2), 1);
    List<Variant> variants = first.measured();

    assertThat(first.of(variants.getFirst()).getFirst().metrics())
        .isNotEqualTo(second.of(variants.getFirst()).getFirst().metrics())
        .isEqualTo(first.of(variants.getLast()).getFirst().metrics());
  }

  @Test
  void samplesOfOneRun_haveDifferentSeeds() {
    RunPlan plan = plan(SEEDED, 100, 1);
    Variant variant = plan.variants().getFirst();

    assertThat(IntStream.range(0, 100).mapToLong(i -> plan.trial(variant, i).seed()))
        .doesNotHaveDuplicates();
  }

  @Test
  void stop_keepsFinishedSamplesAndSaysSo() {
    RunPlan plan = plan(SEEDED, 50, 1);
    Runner runner = new Runner(plan, 1);

    RunResult result =
        runner.run((done, all) -> {
          if (done == 5) {
            runner.stop();
          }
        });

    assertThat(result.isComplete()).isFalse();
    assertThat(result.of(plan.variants().get(0))).hasSize(3);
    assertThat(result.of(plan.variants().get(1))).hasSize(2);
    Report report = RunReport.of(result, "c", "v");
    assertThat(report.findings())
        .first()
        .matches(finding -> finding.level() == Finding.Level.WARNING)
        .matches(finding -> finding.text().contains("[slow 3, fast 2] of 50 samples"));
  }

  @Test
  void failureOfASample_reachesTheCaller() {
    FakeExperiment failing =
        new FakeExperiment(
            t -> {
              throw new IllegalStateException("boom");
            },
            List.of());

    assertThatThrownBy(() -> run(plan(failing, 1, 1), 2))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("boom");
  }

  @Test
  void progress_countsEverySample() {
    AtomicReference<String> seen = new AtomicReference<>("");

    new Runner(plan(SEEDED, 2, 1), 2)
        .run((done, all) -> seen.set(seen.get() + done + "/" + all + " "));

    assertThat(seen.get()).isEqualTo("0/4 1/4 2/4 3/4 4/4 ");
  }

  @Test
  void json_hasTheAgreedShape() {
    FakeExperiment fixed =
        new FakeExperiment(
            t -> t.variant().name().equals("slow") ? 2e6 : 1e6, List.of("secret seen"));

    String json = Json.text(RunReport.json(run(plan(fixed, 2, 1), 1), "again", "v"));

    assertThat(json)
        .contains("\"experiment\": \"fake\"", "\"machine\": \"small\"", "\"seed\": 1")
        .contains("\"costs\": \"sapphire-rapids\"")
        .contains("\"name\": \"fast\"", "\"samples_ms\": [1, 1]", "\"mean_ms\": 1,")
        .contains("\"min_ms\": 1,", "\"max_ms\": 1,")
        .contains("\"delta_percent\": -50,")
        .contains("\"kept_mean_bytes\": 4096")
        .contains("\"level\": \"violation\"");
  }

  @Test
  void report_printsTableBreakdownsCountsAndViolations() {
    FakeExperiment fixed =
        new FakeExperiment(
            t -> t.variant().name().equals("slow") ? 2e6 : 1e6, List.of("secret seen"));

    String text = TextReport.of(RunReport.of(run(plan(fixed, 2, 1), 1), "again", "v"));

    assertThat(text)
        .contains(
            "| slow    |       2 | 2.00ms | 2.00ms |                      █ | 2.00ms |        |")
        .contains(
            "| fast    |       2 | 1.00ms | 1.00ms |            █           | 1.00ms | -50.0% |")
        .contains("where the time went")
        .contains("what it cost the other CPUs")
        .contains("| flushes |    2 |    2 |")
        .contains("violation: fast: secret seen");
  }

  @Test
  void csv_namesUnitsInTheHeader() {
    String csv = CsvReport.of(RunReport.of(run(plan(SEEDED, 1, 1), 1), "c", "v"));

    assertThat(csv)
        .startsWith(
            "schema_version,experiment,config_hash,seed,variant,sample,latency_ns,kept_bytes,"
                + "own_copy_ns,others_flush_ns,flushes\r\n");
  }
}
