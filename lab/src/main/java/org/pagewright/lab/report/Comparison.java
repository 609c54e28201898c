package org.pagewright.lab.report;

import java.util.List;
import org.pagewright.lab.stats.Summary;

/**
 * One metric of every variant; the first variant is the one the others are compared with.
 *
 * @param metric the metric's name, in snake_case
 */
public record Comparison(String metric, Unit unit, List<Series> series) {

  /**
   * The samples of one variant.
   *
   * @param samples at least one, in the base unit
   */
  @SuppressWarnings("ArrayRecordComponent") // written once, then only read
  public record Series(String variant, double[] samples) {

    /** What the samples say. */
    public Summary summary() {
      return Summary.of(samples);
    }
  }

  /** A comparison of at least one variant. */
  public Comparison {
    series = List.copyOf(series);
    if (series.isEmpty()) {
      throw new IllegalArgumentException("nothing to compare");
    }
  }

  /** The largest sample of any variant. */
  public double max() {
    return series.stream().mapToDouble(s -> s.summary().max()).max().orElseThrow();
  }
}
