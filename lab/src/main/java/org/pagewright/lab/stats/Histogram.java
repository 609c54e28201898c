package org.pagewright.lab.stats;

/** Counts of samples in equal columns of an axis that several variants share. */
public final class Histogram {

  private static final String BLOCKS = " ▁▂▃▄▅▆▇█";

  private final int[] counts;

  private Histogram(int[] counts) {
    this.counts = counts;
  }

  /** Counts {@code samples} in {@code columns} columns of [{@code from}, {@code to}]. */
  public static Histogram of(double[] samples, double from, double to, int columns) {
    if (columns < 1 || !(from <= to)) {
      throw new IllegalArgumentException(
          "no axis: " + columns + " columns from " + from + " to " + to);
    }
    int[] counts = new int[columns];
    for (double sample : samples) {
      if (!(sample >= from && sample <= to)) {
        throw new IllegalArgumentException(sample + " is not in " + from + " to " + to);
      }
      int column = to == from ? 0 : (int) ((sample - from) / (to - from) * columns);
      counts[Math.min(column, columns - 1)]++;
    }
    return new Histogram(counts);
  }

  /** How many samples fell into {@code column}. */
  public int count(int column) {
    return counts[column];
  }

  /** The number of columns. */
  public int columns() {
    return counts.length;
  }

  /**
   * One character per column, its height relative to the fullest column. A column with any sample
   * shows at least the lowest block, so that an outlier is never invisible.
   */
  public String bars() {
    int fullest = 1;
    for (int count : counts) {
      fullest = Math.max(fullest, count);
    }
    int top = BLOCKS.length() - 1;
    StringBuilder bars = new StringBuilder(counts.length);
    for (int count : counts) {
      int height = count == 0 ? 0 : Math.max(1, Math.round((float) top * count / fullest));
      bars.append(BLOCKS.charAt(height));
    }
    return bars.toString();
  }
}
