package org.pagewright.lab.experiment.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.RunPlan;
import org.pagewright.lab.experiment.RunReport;
import org.pagewright.lab.experiment.RunResult;
import org.pagewright.lab.experiment.Runner;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Json;

class SuiteTest {
  private static final List<String> SMALL =
      List.of("guest=4M", "memory=256M", "operations=1", "heap=64M", "piece=2M");

  static List<Experiment> experiments() {
    return Experiments.all();
  }

  private static RunResult run(
      Experiment experiment, List<String> variants, long seed, String... sets) {
    RunPlan plan =
        RunPlan.of(
            experiment,
            new RunPlan.Request(variants, 2, "small", null, List.of(sets), List.of(), null, seed));
    return new Runner(plan, 2).run((done, all) -> {});
  }

  /** Settings that make a sample short, of those that the experiment has. */
  private static String[] small(Experiment experiment) {
    List<String> parameters = experiment.parameters().stream().map(Parameter::name).toList();
    return SMALL.stream()
        .filter(set -> parameters.contains(set.substring(0, set.indexOf('='))))
        .toArray(String[]::new);
  }

  private static Sample sample(RunResult result, String variant) {
    Variant wanted =
        result.measured().stream().filter(v -> v.name().equals(variant)).findFirst().orElseThrow();
    return result.of(wanted).getFirst();
  }

  private static double count(Experiment experiment, Sample sample, String name) {
    List<String> names = experiment.counted().stream().map(Experiment.Counted::name).toList();
    return sample.counts()[names.indexOf(name)];
  }

  private static RunResult populate(String... sets) {
    List<String> all =
        Experiments.named("populate").variants().stream().map(Variant::name).toList();
    return run(Experiments.named("populate"), all, 1, sets);
  }

  @ParameterizedTest
  @MethodSource("experiments")
  void shapes_ofEveryExperiment_fitItsSamples(Experiment experiment) {
    // The other designs of this search have states that it is there to find.
    boolean isSearch = experiment.name().equals("split-supply");
    List<String> variants = isSearch ? List.of("v7") : List.of();
    RunResult result = run(experiment, variants, 1, small(experiment));

    assertThat(result.isComplete()).isTrue();
    for (Variant variant : result.measured()) {
      for (Sample sample : result.of(variant)) {
        assertThat(sample.metrics()).hasSameSizeAs(experiment.metrics());
        assertThat(sample.parts()).hasSameSizeAs(experiment.parts());
        assertThat(sample.others()).hasSameSizeAs(experiment.otherParts());
        assertThat(sample.counts()).hasSameSizeAs(experiment.counted());
        assertThat(sample.problems()).isEmpty();
      }
    }
  }

  @Test
  void populate_isTheSameForTheSameSeed() {
    Experiment populate = Experiments.named("populate");

    String first = Json.text(RunReport.json(run(populate, List.of(), 7, "guest=4M"), "c", "v"));
    String second = Json.text(RunReport.json(run(populate, List.of(), 7, "guest=4M"), "c", "v"));

    assertThat(second).isEqualTo(first);
  }

  @Test
  void populate_partsAddUpToTheLatency() {
    RunResult result = populate("guest=4M");

    for (Variant variant : result.measured()) {
      Sample sample = result.of(variant).getFirst();
      double sum = 0;
      for (double part : sample.parts()) {
        sum += part;
      }
      assertThat(sum).as(variant.name()).isCloseTo(sample.metrics()[0], within(sample));
    }
  }

  private static Offset<Double> within(Sample sample) {
    return Offset.offset(sample.metrics()[0] * 1e-6);
  }

  @Test
  void populate_ofTheBaseline_flushesEachPageAndThePoolEachBlock() {
    Experiment populate = Experiments.named("populate");
    RunResult result = populate("guest=8M");

    assertThat(count(populate, sample(result, "baseline"), "flushes of kernel addresses"))
        .isGreaterThanOrEqualTo(2048);
    assertThat(count(populate, sample(result, "unmapped"), "flushes of kernel addresses"))
        .isLessThan(32);
    assertThat(sample(result, "unmapped").metrics()[0])
        .isLessThan(sample(result, "baseline").metrics()[0] / 1.5);
  }

  @Test
  void populate_withoutFlushes_leavesSecretsInTlbsAndTheOthersDoNot() {
    Experiment populate = Experiments.named("populate");
    RunResult result = populate("guest=4M");

    assertThat(count(populate, sample(result, "skip-flush"), "secret frames in TLBs")).isPositive();
    for (String variant : List.of("baseline", "unmapped", "unmapped-v1", "unmapped-v2")) {
      assertThat(count(populate, sample(result, variant), "secret frames in TLBs"))
          .as(variant)
          .isZero();
    }
  }

  @Test
  void populate_withMoreCpus_costsTheBaselineMore() {
    double few = sample(populate("guest=2M", "cpus=2"), "baseline").metrics()[0];
    double many = sample(populate("guest=2M", "cpus=32"), "baseline").metrics()[0];

    assertThat(many).isGreaterThan(few * 1.5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"idle", "lazy", "busy-other", "busy-same"})
  void populate_whateverTheOthersDo_keepsItsPromises(String others) {
    RunResult result = populate("guest=2M", "others=" + others);

    for (Variant variant : result.measured()) {
      assertThat(result.of(variant).getFirst().problems())
          .as(variant.name())
          .isEqualTo(knownProblems(variant));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"idle", "lazy", "busy-other", "busy-same"})
  void populate_checkedAfterEveryWrite_breaksNoInvariantInAnyVersion(String others) {
    RunResult result = populate("guest=1M", "chunk=64K", "check=on", "others=" + others);

    assertThat(result.measured()).hasSize(8);
    for (Variant variant : result.measured()) {
      assertThat(result.of(variant).getFirst().problems())
          .as(variant.name())
          .isEqualTo(knownProblems(variant));
    }
  }

  /** v1 and v2 free what the mermap still shows; v3 and v4 flush before. */
  private static List<String> knownProblems(Variant variant) {
    boolean freesEarly = List.of("unmapped-v1", "unmapped-v2").contains(variant.name());
    return freesEarly ? List.of(IsolationWatch.FREED_TOO_EARLY) : List.of();
  }

  @Test
  void populate_whenTheGuestEnds_leavesFramesInTheMermapOnlyInV1AndV2() {
    Experiment populate = Experiments.named("populate");
    RunResult result = populate("guest=1M");

    for (Variant variant : result.measured()) {
      double left = count(populate, sample(result, variant.name()), "freed frames in mermap");
      assertThat(left > 0).as(variant.name()).isEqualTo(!knownProblems(variant).isEmpty());
    }
  }

  @Test
  void populate_onTheDefaultMachine_standsNearThePublishedChanges() {
    RunPlan plan =
        RunPlan.of(
            Experiments.named("populate"),
            new RunPlan.Request(
                List.of(),
                1,
                "sapphire-rapids",
                null,
                List.of("guest=16M", "idle-state=polling"),
                List.of(),
                null,
                1L));
    RunResult result = new Runner(plan, 2).run((done, all) -> {});
    double baseline = sample(result, "baseline").metrics()[0];

    Offset<Double> fivePoints = Offset.offset(5.0);
    assertThat(100 * (sample(result, "unmapped").metrics()[0] / baseline - 1))
        .isCloseTo(-70.0, fivePoints);
    assertThat(100 * (sample(result, "skip-flush").metrics()[0] / baseline - 1))
        .isCloseTo(-68.8, fivePoints);
  }

  @Test
  void populate_inFragmentedMemory_findsFewerBlocksAndKeepsItsPromises() {
    Experiment populate = Experiments.named("populate");
    List<String> compared = List.of("baseline", "unmapped");
    RunResult fresh = run(populate, compared, 1, "guest=8M");
    RunResult holes = run(populate, compared, 1, "guest=8M", "fragmented=80");

    for (Variant variant : holes.measured()) {
      Sample sample = sample(holes, variant.name());
      assertThat(sample.problems()).as(variant.name()).isEqualTo(knownProblems(variant));
      assertThat(count(populate, sample, "free 2M blocks before"))
          .isLessThan(
              count(populate, sample(fresh, variant.name()), "free 2M blocks before") * 0.4);
    }
  }

  @Test
  void guest_thatDoesNotFit_saysSo() {
    RunResult result = populate("guest=2G");

    assertThat(result.of(result.measured().getFirst()).getFirst().problems())
        .singleElement()
        .asString()
        .contains("write() of 2147483648 bytes answered");
    assertThat(result.isWhole(result.measured().getFirst())).isFalse();
    assertThat(populate("guest=8M").isWhole(result.measured().getFirst())).isTrue();
  }

  @Test
  void experiment_thatDoesNotExist_suggestsTheNearest() {
    assertThatThrownBy(() -> Experiments.named("populat"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("did you mean populate?");
  }

  @ParameterizedTest
  @ValueSource(strings = {"4level", "5level", "pae"})
  void forkExit_ofProcessesWithoutUse_paysForTheRegionOnlyWhereAllHaveIt(String mode) {
    Experiment forkExit = Experiments.named("fork-exit");
    RunResult result = run(forkExit, List.of(), 1, "processes=20", "mode=" + mode);

    Sample none = sample(result, "on-demand-0");
    Sample always = sample(result, "always-0");
    assertThat(count(forkExit, none, "region tables")).isZero();
    assertThat(count(forkExit, always, "region tables")).isEqualTo(1);
    assertThat(always.metrics()[0]).isGreaterThan(none.metrics()[0]);
    assertThat(count(forkExit, always, "pages per process"))
        .isEqualTo(count(forkExit, none, "pages per process") + 1);
    assertThat(sample(result, "on-demand-100").metrics()[0])
        .isCloseTo(sample(result, "always-100").metrics()[0], Offset.offset(1.0));
  }

  @Test
  void forkExit_withoutIsolation_makesTablesForUsersOnly() {
    Experiment forkExit = Experiments.named("fork-exit");
    RunResult result = run(forkExit, List.of(), 1, "processes=20", "isolation=off");

    for (Variant variant : result.measured()) {
      assertThat(count(forkExit, sample(result, variant.name()), "region tables"))
          .as(variant.name())
          .isZero();
    }
  }
}
