package org.pagewright.lab.report;

import java.util.List;

/** Every number of every sample, one row per variant and sample. */
public record SampleTable(List<Column> columns, List<Row> rows) {

  /** A number that each sample has. */
  public record Column(String name, Unit unit) {

    /** The column's header: the name in snake_case and its unit, which a count has none of. */
    public String header() {
      String stem = name.replaceAll("[^A-Za-z0-9]+", "_");
      return unit == Unit.COUNT ? stem : stem + "_" + unit.suffix();
    }
  }

  /**
   * The numbers of one sample.
   *
   * @param sample counted from 1
   * @param values one per column
   */
  @SuppressWarnings("ArrayRecordComponent") // written once, then only read
  public record Row(String variant, int sample, double[] values) {}

  /** A table whose rows fit its columns. */
  public SampleTable {
    columns = List.copyOf(columns);
    rows = List.copyOf(rows);
    for (Row row : rows) {
      if (row.values().length != columns.size()) {
        throw new IllegalArgumentException(
            row.variant() + " has " + row.values().length + " values for " + columns.size());
      }
    }
  }
}
