package org.pagewright.hardware.cpu;

import java.util.Arrays;
import java.util.Map;

/**
 * What every primitive costs on one kind of machine, and where each number comes from.
 *
 * <p>Arrays are indexed by {@link Primitive#index}. Tables may have gaps; charging a primitive that
 * is missing is an error that names it.
 *
 * @param ghz cycles per nanosecond, for conversions between cycles and time
 * @param cycles price in cycles, {@link #MISSING} where unknown
 * @param units unit in which the source gives the number
 * @param sources manual, paper, published measurement, or own calibration with date and machine
 */
@SuppressWarnings("ArrayRecordComponent") // read only; one load per charge
public record CostTable(String name, double ghz, long[] cycles, String[] units, String[] sources) {
  /** The price of a primitive that the table does not know. */
  public static final long MISSING = -1;

  /** Every primitive costs one cycle: for tests that count primitives, not for experiments. */
  public static final CostTable ALL_ONES = uniform("all-ones", 1);

  /** Every primitive is free: for tests and checks that do not look at time. */
  public static final CostTable FREE = uniform("free", 0);

  public CostTable {
    int count = Primitive.count();
    if (cycles.length != count || units.length != count || sources.length != count) {
      throw new IllegalArgumentException(
          "cost table " + name + " has " + cycles.length + " rows; expected " + count);
    }
    if (!(ghz > 0)) {
      throw new IllegalArgumentException("cost table " + name + ": ghz must be positive: " + ghz);
    }
    cycles = cycles.clone();
    units = units.clone();
    sources = sources.clone();
  }

  private static CostTable uniform(String name, long price) {
    long[] cycles = new long[Primitive.count()];
    String[] units = new String[cycles.length];
    String[] sources = new String[cycles.length];
    Arrays.fill(cycles, price);
    Arrays.fill(units, "cycles");
    Arrays.fill(sources, "none: a neutral table for tests");
    return new CostTable(name, /* ghz= */ 1.0, cycles, units, sources);
  }

  /** The price of a primitive in cycles. */
  public long cycles(Primitive primitive) {
    long price = cycles[primitive.index()];
    if (price < 0) {
      throw missing(primitive);
    }
    return price;
  }

  /** True when the table has a price for the primitive. */
  public boolean knows(Primitive primitive) {
    return cycles[primitive.index()] >= 0;
  }

  public String unit(Primitive primitive) {
    return units[primitive.index()];
  }

  public String source(Primitive primitive) {
    return sources[primitive.index()];
  }

  /** Cycles as nanoseconds. */
  public double nanoseconds(long count) {
    return count / ghz;
  }

  /** The same table with other prices, in cycles; the reason becomes their source. */
  public CostTable with(Map<Primitive, Long> prices, String reason) {
    long[] changed = cycles.clone();
    String[] changedUnits = units.clone();
    String[] changedSources = sources.clone();
    prices.forEach((primitive, price) -> {
      changed[primitive.index()] = price;
      changedUnits[primitive.index()] = "cycles";
      changedSources[primitive.index()] = reason;
    });
    return new CostTable(name, ghz, changed, changedUnits, changedSources);
  }

  private IllegalArgumentException missing(Primitive primitive) {
    return new IllegalArgumentException(
        "cost table " + name + " has no price for " + primitive.label());
  }
}
