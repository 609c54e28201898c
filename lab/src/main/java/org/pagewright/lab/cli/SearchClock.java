package org.pagewright.lab.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Ends a search after its time or its runs, or when it is interrupted, and says on the way how far
 * it is.
 */
final class SearchClock implements BooleanSupplier {
  private static final long QUIET_NS = Duration.ofSeconds(10).toNanos();
  private static final double NS_PER_SECOND = 1e9;

  private final String what;
  private final PrintWriter err;
  private final LongSupplier clock;
  private final long startNs;
  private final long limitNs;
  private final long runsMax;
  private final BooleanSupplier isStopped;
  private long runs;
  private long printedNs;
  private boolean wasOver;

  /** A search that begins at once; progress goes to {@code err} every ten seconds. */
  SearchClock(
      String what,
      PrintWriter err,
      LongSupplier clock,
      Duration limit,
      long runsMax,
      BooleanSupplier isStopped) {
    this.what = what;
    this.err = err;
    this.clock = clock;
    this.startNs = clock.getAsLong();
    this.limitNs = limit.toNanos();
    this.runsMax = runsMax;
    this.isStopped = isStopped;
    this.printedNs = startNs;
  }

  /** Whether the search is over; to be asked once before each run. */
  @Override
  public boolean getAsBoolean() {
    long instant = clock.getAsLong();
    if (instant - startNs > limitNs || runs >= runsMax || isStopped.getAsBoolean()) {
      wasOver = true;
      return true;
    }
    if (instant - printedNs >= QUIET_NS) {
      err.printf(Locale.ROOT, "%s: %,d schedules, %.0f s%n", what, runs, seconds(instant));
      err.flush();
      printedNs = instant;
    }
    runs++;
    return false;
  }

  /** Whether it ended a search that could have gone on. */
  boolean wasOver() {
    return wasOver;
  }

  /** How long it has taken. */
  double seconds() {
    return seconds(clock.getAsLong());
  }

  private double seconds(long instant) {
    return (instant - startNs) / NS_PER_SECOND;
  }
}
