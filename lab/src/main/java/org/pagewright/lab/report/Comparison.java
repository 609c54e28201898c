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
   * @param isWhole whether all of its trials did all of their work, so that it can be compared
   */
  @SuppressWarnings("ArrayRecordComponent") // written once, then only read
  public record Series(String variant, double[] samples, boolean isWhole) {

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

  /** How much larger its mean is than the first one's, in percent; NaN where that says nothing. */
  public double deltaPercent(Series one) {
    Series first = series.getFirst();
    boolean isComparable = first.isWhole() && one.isWhole();
    return isComparable ? one.summary().deltaPercent(first.summary()) : Double.NaN;
  }

  /** The same as people read it; empty for the first. */
  public String delta(Series one) {
    if (!one.isWhole()) {
      return "partial";
    }
    return one.equals(series.getFirst()) ? "" : Unit.delta(deltaPercent(one));
  }

  /** The largest sample of any variant. */
  public double max() {
    return series.stream().mapToDouble(s -> s.summary().max()).max().orElseThrow();
  }
}
