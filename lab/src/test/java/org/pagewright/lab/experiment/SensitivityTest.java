package org.pagewright.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class SensitivityTest {

  private static double price(Trial trial, String primitive) {
    CostFile.Cost cost = trial.costs().costs().get(primitive);
    return cost == null ? 0 : trial.costs().cycles(cost);
  }

  /** The slow variant pays for a page and an interrupt, the fast one for a page. */
  private static RunPlan plan() {
    FakeExperiment experiment =
        new FakeExperiment(
            t ->
                price(t, "copy-page")
                    + (t.variant().name().equals("slow") ? price(t, "ipi-delivery") : 0),
            List.of());
    return RunPlan.of(
        experiment,
        new RunPlan.Request(
            List.of(), 1, "small", null, List.of("size=2M"), List.of(), null, null));
  }

  @Test
  void rows_nameOnlyWhatMatters() {
    List<Sensitivity.Row> rows = Sensitivity.of(plan(), 2);

    assertThat(rows)
        .extracting(Sensitivity.Row::primitive)
        .containsExactlyInAnyOrder("copy-page", "ipi-delivery");
  }

  @Test
  void row_ofTheInterrupt_isTheHandCalculation() {
    RunPlan plan = plan();
    Trial trial = plan.trial(plan.variants().getFirst(), 0);
    double page = price(trial, "copy-page");
    double interrupt = price(trial, "ipi-delivery");

    Sensitivity.Row row =
        Sensitivity.of(plan, 1).stream()
            .filter(r -> r.primitive().equals("ipi-delivery"))
            .findFirst()
            .orElseThrow();

    assertThat(row.half().getFirst())
        .isCloseTo(-interrupt / 2 / (page + interrupt / 2) * 100, within(0.1));
    assertThat(row.twice().getFirst())
        .isCloseTo(-interrupt * 2 / (page + interrupt * 2) * 100, within(0.1));
  }

  @Test
  void text_hasOneLinePerRowAndAColumnPairPerVariant() {
    RunPlan plan = plan();

    assertThat(Sensitivity.text(plan, Sensitivity.of(plan, 1)).lines())
        .hasSize(6)
        .anyMatch(line -> line.contains("Δμ fast, half") && line.contains("twice"));
  }

  @Test
  void cost_thatDoesNotExist_cannotBeScaled() {
    assertThatThrownBy(() -> plan().costs().scaled("nothing", 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nothing");
  }
}
