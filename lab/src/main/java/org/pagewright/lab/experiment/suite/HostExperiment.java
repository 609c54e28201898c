package org.pagewright.lab.experiment.suite;

import java.util.Locale;
import java.util.Optional;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.Finding;

/** An experiment on a simulated host, which may start with memory as a trace leaves it. */
abstract class HostExperiment extends OutlinedExperiment {
  private static final long HUGE_BYTES = 2L << 20;

  HostExperiment(Outline outline) {
    super(outline);
  }

  /**
   * What a parameter asks for, but no more than one part in {@code share} of what the trial's trace
   * leaves free.
   */
  static long bytesThatFit(Trial trial, String parameter, int share) {
    long wanted = trial.values().number(parameter);
    TracedMemory traced = SimulatedHost.traced(trial);
    if (traced == null) {
      return wanted;
    }
    long room = (traced.freeBytes() / share) & -HUGE_BYTES;
    if (room == 0) {
      throw new BadInput(
          "trace " + trial.afterTrace(),
          "leaves " + traced.freeBytes() + " bytes free",
          "room for a " + parameter + ": " + share * (HUGE_BYTES >> 20) + " MiB");
    }
    return Math.min(wanted, room);
  }

  /** Says that less than what a parameter asks for fits, if so. */
  static Optional<Finding> noteOfFit(Trial trial, String parameter, int share) {
    long wanted = trial.values().number(parameter);
    long bytes = bytesThatFit(trial, parameter, share);
    if (bytes == wanted) {
      return Optional.empty();
    }
    String why =
        String.format(
            Locale.ROOT,
            "%s is %d MiB instead of %d: one part in %d of what the trace leaves free",
            parameter,
            bytes >> 20,
            wanted >> 20,
            share);
    return Optional.of(new Finding(Finding.Level.NOTE, why));
  }
}
