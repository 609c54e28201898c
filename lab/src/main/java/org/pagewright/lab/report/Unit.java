package org.pagewright.lab.report;

import java.util.Locale;

/** What a number counts, and how people write it. */
public enum Unit {
  /** Time in nanoseconds, written as s, ms, µs or ns. */
  NANOSECONDS("ns"),
  /** Memory in bytes, written as GiB, MiB, KiB or B. */
  BYTES("bytes"),
  /** A count of things. */
  COUNT("count"),
  /** A share in percent. */
  PERCENT("percent");

  private static final String[] SECONDS = {"s", "ms", "µs", "ns"};
  private static final String[] SIZES = {"B", "KiB", "MiB", "GiB", "TiB"};

  /** A value this close below a unit would be printed as 1000 of the smaller one. */
  private static final double ROUNDS_UP = 0.999995;

  private final String suffix;

  Unit(String suffix) {
    this.suffix = suffix;
  }

  /** The unit's name in column headers and keys. */
  public String suffix() {
    return suffix;
  }

  /** {@code value} with two decimals and the largest unit that keeps it at 1 or more. */
  public String format(double value) {
    return switch (this) {
      case NANOSECONDS -> time(value);
      case BYTES -> size(value);
      case COUNT -> count(value);
      case PERCENT -> String.format(Locale.ROOT, "%.1f%%", value);
    };
  }

  private static String time(double ns) {
    double scale = 1e9;
    int unit = 0;
    while (unit < SECONDS.length - 1 && Math.abs(ns) < scale * ROUNDS_UP) {
      scale /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.2f%s", ns / scale, SECONDS[unit]);
  }

  private static String size(double bytes) {
    int unit = 0;
    double value = bytes;
    while (unit < SIZES.length - 1 && Math.abs(value) >= 1024 - 0.005) {
      value /= 1024;
      unit++;
    }
    return unit == 0 && value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f%s", value, SIZES[0])
        : String.format(Locale.ROOT, "%.2f%s", value, SIZES[unit]);
  }

  private static String count(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%,.1f", value);
  }

  /** A change in percent, with its sign, as in {@code -70.0%}. */
  public static String delta(double percent) {
    return Double.isNaN(percent) ? "" : String.format(Locale.ROOT, "%+.1f%%", percent);
  }
}
