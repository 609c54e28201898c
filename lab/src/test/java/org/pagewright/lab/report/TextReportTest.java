package org.pagewright.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextReportTest {

  @Test
  void comparison_ofPublishedNumbers_printsTheCoverLettersTable() {
    assertThat(TextReport.comparison(SampleReports.published()))
        .isEqualTo(
            """
            +------------+---------+----------+----------+------------------------+----------+--------+
            | variant    | samples |     mean |      min | histogram              |      max | Δμ     |
            +------------+---------+----------+----------+------------------------+----------+--------+
            | baseline   |      30 |    1.04s |    1.02s |                     █▁ |    1.10s |        |
            | unmapped   |      30 | 313.02ms | 299.48ms |      ▁█                | 343.25ms | -70.0% |
            | skip-flush |      30 | 325.80ms | 307.91ms |       █                | 333.30ms | -68.8% |
            +------------+---------+----------+----------+------------------------+----------+--------+
            """);
  }

  @Test
  void report_namesMetricTestSeedAndCommand() {
    assertThat(TextReport.of(SampleReports.report()))
        .startsWith("metric: populate_latency   |  test: populate\n")
        .contains("warning: numbers are made up\n")
        .contains("seed: 7   costs: test-costs\n")
        .endsWith("again: pagewright run populate --seed 7\n");
  }

  @Test
  void breakdown_leavesOutPartsThatNoVariantHas() {
    String text = TextReport.of(SampleReports.report());

    assertThat(text).doesNotContain("never");
    assertThat(text)
        .contains("| flush & wait | 800.00ms   76.7% |        -         |        -         |\n");
  }

  @Test
  void units_areChosenByMagnitude() {
    assertThat(Unit.NANOSECONDS.format(1.5e9)).isEqualTo("1.50s");
    assertThat(Unit.NANOSECONDS.format(999e6)).isEqualTo("999.00ms");
    assertThat(Unit.NANOSECONDS.format(12_340)).isEqualTo("12.34µs");
    assertThat(Unit.NANOSECONDS.format(7)).isEqualTo("7.00ns");
    assertThat(Unit.NANOSECONDS.format(0)).isEqualTo("0.00ns");
    assertThat(Unit.BYTES.format(512)).isEqualTo("512B");
    assertThat(Unit.BYTES.format(1L << 30)).isEqualTo("1.00GiB");
    assertThat(Unit.COUNT.format(262144)).isEqualTo("262,144");
    assertThat(Unit.COUNT.format(1.25)).isEqualTo("1.3");
    assertThat(Unit.delta(-69.97)).isEqualTo("-70.0%");
    assertThat(Unit.delta(Double.NaN)).isEmpty();
  }

  @Test
  void unit_justBelowTheNext_roundsUpIntoIt() {
    assertThat(Unit.NANOSECONDS.format(999.999e6)).isEqualTo("1.00s");
    assertThat(Unit.BYTES.format(1024 * 1024 - 1)).isEqualTo("1.00MiB");
  }

  @Test
  void variantThatDidPartOfItsWork_isNotCompared() {
    Comparison.Series first = new Comparison.Series("all", new double[] {10}, true);
    Comparison.Series part = new Comparison.Series("part", new double[] {1}, false);
    Comparison.Series last = new Comparison.Series("last", new double[] {5}, true);

    Comparison comparison = new Comparison("latency", Unit.NANOSECONDS, List.of(first, part, last));

    assertThat(comparison.deltaPercent(part)).isNaN();
    assertThat(comparison.deltaPercent(last)).isEqualTo(-50);
    assertThat(TextReport.comparison(comparison).lines().filter(line -> line.contains("part")))
        .singleElement()
        .asString()
        .contains("partial");
    Comparison partFirst = new Comparison("latency", Unit.NANOSECONDS, List.of(part, last));
    assertThat(partFirst.deltaPercent(last)).isNaN();
  }

  @Test
  void table_withAWrongNumberOfCells_isRefused() {
    TextTable table = new TextTable().column("one", TextTable.Align.LEFT);

    assertThatThrownBy(() -> table.row(List.of("a", "b")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
