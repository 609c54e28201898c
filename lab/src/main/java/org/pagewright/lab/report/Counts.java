package org.pagewright.lab.report;

import java.util.List;

/**
 * Numbers that are no comparison of their own: events and states, per variant.
 *
 * @param variants the columns
 */
public record Counts(String title, List<String> variants, List<Row> rows) {

  /**
   * One counted thing.
   *
   * @param values the mean over the samples, one per variant
   */
  @SuppressWarnings("ArrayRecordComponent") // written once, then only read
  public record Row(String name, Unit unit, String meaning, double[] values) {}

  /** Counts whose rows fit the variants. */
  public Counts {
    variants = List.copyOf(variants);
    rows = List.copyOf(rows);
    for (Row row : rows) {
      if (row.values().length != variants.size()) {
        throw new IllegalArgumentException(row.name() + " does not fit " + variants);
      }
    }
  }
}
