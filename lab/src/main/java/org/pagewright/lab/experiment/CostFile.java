package org.pagewright.lab.experiment;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A table of what primitives cost on one kind of machine, as its file gives it.
 *
 * @param name the name it is asked for by
 * @param title what machine it describes
 * @param note what to know before believing it
 * @param ghz the clock that turns nanoseconds into cycles
 * @param costs primitive to cost
 */
public record CostFile(
    String name,
    String title,
    @YamlBinder.Default("") String note,
    double ghz,
    Map<String, Cost> costs) {

  /** The unit of a value. */
  public enum Unit {
    /** Nanoseconds. */
    NS,
    /** Cycles of the table's clock. */
    CYCLES
  }

  /** What stands behind a value. */
  public enum Kind {
    /** A manual of the processor or a table in the kernel's source. */
    MANUAL,
    /** A reviewed paper. */
    PAPER,
    /** A measurement that somebody published: a commit message, a mail, an article. */
    PUBLISHED,
    /** Measured by this project, with date and machine in the source. */
    MEASURED,
    /** Computed from other values in a way that the source describes. */
    DERIVED,
    /** A guess, used where nothing was found; the source says why this value. */
    ASSUMED;

    /** The word in files and reports. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** How far to trust a value for this machine. */
  public enum Confidence {
    /** Measured on this machine or stated by its maker. */
    HIGH,
    /** Measured on a relative of it. */
    MEDIUM,
    /** The order of magnitude. */
    LOW;

    /** The word in files and reports. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** One value with its origin. */
  public record Cost(double value, Unit unit, Kind kind, Confidence confidence, String source) {

    /** A cost that is not negative and has a source. */
    public Cost {
      if (!(value >= 0)) {
        throw new IllegalArgumentException("value is " + value + "; expected 0 or more");
      }
      if (source.isBlank()) {
        throw new IllegalArgumentException("source is empty; expected where the value comes from");
      }
    }

    /** The value with its unit, as in the file. */
    public String text() {
      String number = value == Math.rint(value) ? String.valueOf((long) value) : "" + value;
      return number + (unit == Unit.NS ? " ns" : " cycles");
    }
  }

  /** A table with a clock and at least one cost. */
  public CostFile {
    if (!(ghz > 0 && ghz < 20)) {
      throw new IllegalArgumentException("ghz is " + ghz + "; expected more than 0, below 20");
    }
    if (costs.isEmpty()) {
      throw new IllegalArgumentException("costs is empty; expected primitives with their costs");
    }
  }

  /** The cost of {@code primitive} in cycles, rounded to the nearest whole one. */
  public long cycles(Cost cost) {
    return Math.round(cost.unit() == Unit.NS ? cost.value() * ghz : cost.value());
  }

  /** The time that {@code cycles} take, in nanoseconds. */
  public double nanoseconds(long cycles) {
    return cycles / ghz;
  }

  /** This table with the cost of {@code primitive} multiplied. */
  public CostFile scaled(String primitive, double factor) {
    Cost cost = costs.get(primitive);
    if (cost == null) {
      throw new IllegalArgumentException("no cost of " + primitive + " in " + name);
    }
    Map<String, Cost> changed = new LinkedHashMap<>(costs);
    changed.put(
        primitive,
        new Cost(
            cost.value() * factor, cost.unit(), cost.kind(), cost.confidence(), cost.source()));
    return new CostFile(name, title, note, ghz, changed);
  }

  /** This table with the cost of {@code primitive} set to {@code value} nanoseconds by the user. */
  public CostFile with(String primitive, double value) {
    if (!costs.containsKey(primitive)) {
      throw new IllegalArgumentException(
          "unknown primitive "
              + primitive
              + "; expected one of "
              + String.join(", ", costs.keySet())
              + Nearest.hint(primitive, costs.keySet()));
    }
    Map<String, Cost> changed = new LinkedHashMap<>(costs);
    changed.put(
        primitive,
        new Cost(value, Unit.NS, Kind.ASSUMED, Confidence.LOW, "set on the command line"));
    return new CostFile(name, title, note, ghz, changed);
  }
}
