package org.pagewright.lab.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reports for tests: the published table, with samples made to fit its rows. */
final class SampleReports {

  private SampleReports() {}

  /** Thirty samples: one minimum, one maximum, the rest such that the mean is exactly as given. */
  static double[] samples(double mean, double min, double max) {
    double[] samples = new double[30];
    Arrays.fill(samples, (mean * 30 - min - max) / 28);
    samples[3] = min;
    samples[17] = max;
    return samples;
  }

  static Comparison published() {
    return new Comparison(
        "populate_latency",
        Unit.NANOSECONDS,
        List.of(
            new Comparison.Series("baseline", samples(1.043e9, 1.02e9, 1.10e9), true),
            new Comparison.Series("unmapped", samples(313.02e6, 299.48e6, 343.25e6), true),
            new Comparison.Series("skip-flush", samples(325.80e6, 307.91e6, 333.30e6), true)));
  }

  static Breakdown breakdown() {
    return new Breakdown(
        "where the time went (per sample)",
        "Time of the populating CPU.",
        Unit.NANOSECONDS,
        List.of(
            new Breakdown.Category("copy", "copying into the page"),
            new Breakdown.Category("never", "a part that no variant has"),
            new Breakdown.Category("flush & wait", "waiting for <others>")),
        List.of(
            new Breakdown.Row("baseline", new double[] {243e6, 0, 800e6}),
            new Breakdown.Row("unmapped", new double[] {313.02e6, 0, 0}),
            new Breakdown.Row("skip-flush", new double[] {325.8e6, 0, 0})));
  }

  static Report report() {
    Comparison comparison = published();
    List<SampleTable.Row> rows = new ArrayList<>();
    for (Comparison.Series series : comparison.series()) {
      for (int i = 0; i < series.samples().length; i++) {
        rows.add(new SampleTable.Row(series.variant(), i + 1, new double[] {series.samples()[i]}));
      }
    }
    return new Report(
        "populate",
        "How long it takes to fill a guest's memory <by write()> & \"quotes\".",
        "pagewright run populate --seed 7",
        "0.1.0-test",
        7,
        "0x1234",
        List.of(new Setting("guest", "1GiB", "default")),
        List.of(comparison),
        List.of(breakdown()),
        List.of(
            new Counts(
                "events",
                List.of("baseline", "unmapped", "skip-flush"),
                List.of(
                    new Counts.Row(
                        "flushes", Unit.COUNT, "TLB flushes", new double[] {262144, 512, 0})))),
        new SampleTable(
            List.of(new SampleTable.Column("populate-latency", Unit.NANOSECONDS)), rows),
        "test-costs",
        List.of(new CostLine("invlpg", "100 ns", 300, "paper", "low", "a, \"quoted\" paper")),
        List.of(new Finding(Finding.Level.WARNING, "numbers are made up")));
  }
}
