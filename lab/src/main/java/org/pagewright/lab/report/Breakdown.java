package org.pagewright.lab.report;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A total of every variant, taken apart into the same categories.
 *
 * @param title what is taken apart
 * @param note what the reader must know to read it, or empty
 */
public record Breakdown(
    String title, String note, Unit unit, List<Category> categories, List<Row> rows) {

  /** One part of the whole, with a sentence that says what belongs to it. */
  public record Category(String name, String meaning) {}

  /**
   * The mean of one variant.
   *
   * @param values one value per category
   */
  @SuppressWarnings("ArrayRecordComponent") // written once, then only read
  public record Row(String variant, double[] values) {

    /** The sum of the parts. */
    public double total() {
      double total = 0;
      for (double value : values) {
        total += value;
      }
      return total;
    }
  }

  /** A breakdown whose rows fit its categories. */
  public Breakdown {
    categories = List.copyOf(categories);
    rows = List.copyOf(rows);
    for (Row row : rows) {
      if (row.values().length != categories.size()) {
        throw new IllegalArgumentException(row.variant() + " does not fit " + categories);
      }
    }
  }

  /** The largest total of any row, or 0 without rows. */
  public double max() {
    return rows.stream().mapToDouble(Row::total).max().orElse(0);
  }

  /** This breakdown without the categories that are zero in every row. */
  public Breakdown withoutEmpty() {
    int[] kept = IntStream.range(0, categories.size()).filter(this::isUsed).toArray();
    List<Category> left = Arrays.stream(kept).mapToObj(categories::get).toList();
    List<Row> lines =
        rows.stream()
            .map(r ->
                new Row(r.variant(), Arrays.stream(kept).mapToDouble(i -> r.values()[i]).toArray()))
            .toList();
    return new Breakdown(title, note, unit, left, lines);
  }

  private boolean isUsed(int category) {
    return rows.stream().anyMatch(row -> row.values()[category] != 0);
  }
}
