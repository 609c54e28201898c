package org.pagewright.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.lab.report.Setting;

class RunPlanTest {

  private static final FakeExperiment FAKE = new FakeExperiment(t -> 1, List.of());

  private static RunPlan plan(String machine, List<String> sets, List<String> costs) {
    return RunPlan.of(
        FAKE, new RunPlan.Request(List.of(), null, machine, null, sets, costs, null, null));
  }

  @Test
  void settings_sayWhereEachValueComesFrom() {
    RunPlan plan = plan("small", List.of("size=2M"), List.of());

    assertThat(plan.settings())
        .contains(
            new Setting("variants", "slow,fast", "default"),
            new Setting("machine", "small", "--machine"),
            new Setting("costs", "sapphire-rapids", "machine small"),
            new Setting("samples", "3", "default"),
            new Setting("seed", "1", "default"),
            new Setting("cpus", "4", "machine small"),
            new Setting("size", "2M", "--set"),
            new Setting("others", "idle", "default"));
    assertThat(plan.values().number("size")).isEqualTo(2L << 20);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          sise=1   | unknown parameter sise; expected one of size, cpus, others; did you mean size?
          size     | --set size has no value; expected NAME=VALUE
          size=1   | size is 1; expected 4K to 1T
          size=x   | size is x; expected a size such as 4K, 2M or 1G
          cpus=1K  | cpus is 1K; expected a whole number
          others=bussy | others is bussy; expected one of idle, busy; did you mean busy?
          """)
  void wrongSetting_saysWhatWasExpected(String set, String message) {
    assertThatThrownBy(() -> plan("small", List.of(set), List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  @Test
  void unknownNames_suggestTheNearest() {
    assertThatThrownBy(() -> plan("smal", List.of(), List.of()))
        .hasMessageContaining("unknown machine smal")
        .hasMessageEndingWith("did you mean small?");
    assertThatThrownBy(() ->
            RunPlan.of(
                FAKE,
                new RunPlan.Request(
                    List.of("slw"), null, null, null, List.of(), List.of(), null, null)))
        .hasMessage("unknown variant slw; expected one of slow, fast, odd; did you mean slow?");
  }

  @Test
  void costOverride_replacesTheValueAndSaysSo() {
    RunPlan plan = plan("small", List.of(), List.of("invlpg=123"));

    CostFile.Cost cost = Objects.requireNonNull(plan.costs().costs().get("invlpg"));
    assertThat(cost.value()).isEqualTo(123);
    assertThat(cost.unit()).isEqualTo(CostFile.Unit.NS);
    assertThat(plan.settings()).contains(new Setting("cost", "invlpg=123", "--set-cost"));
    assertThatThrownBy(() -> plan("small", List.of(), List.of("invlpf=1")))
        .hasMessageEndingWith("did you mean invlpg?");
    assertThatThrownBy(() -> plan("small", List.of(), List.of("invlpg")))
        .hasMessage("--set-cost invlpg is no cost; expected PRIMITIVE=NANOSECONDS");
  }

  @Test
  void configHash_ignoresTheSeedAndNothingElse() {
    RunPlan.Request seeded =
        new RunPlan.Request(List.of(), null, "small", null, List.of(), List.of(), null, 99L);
    String hash = plan("small", List.of(), List.of()).configHash();

    assertThat(RunPlan.of(FAKE, seeded).configHash()).isEqualTo(hash);
    assertThat(plan("small", List.of("cpus=3"), List.of()).configHash()).isNotEqualTo(hash);
    assertThat(plan("small", List.of(), List.of("invlpg=1")).configHash()).isNotEqualTo(hash);
  }

  @Test
  void defaultOfAParameter_isCheckedToo() {
    assertThatThrownBy(() -> Parameter.bytes("size", "1", 4096, 8192, "x"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
