package org.pagewright.lab.experiment.suite;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.Breakdown;
import org.pagewright.lab.report.Finding;

/** An experiment on a simulated host: what it is called, compares and counts stands in a record. */
abstract class HostExperiment implements Experiment {

  /** Everything about an experiment but the run. */
  record Outline(
      String name,
      String description,
      List<Variant> variants,
      List<Parameter> parameters,
      List<Metric> metrics,
      List<Counted> counted,
      int samples) {}

  private static final long HUGE_BYTES = 2L << 20;

  private final Outline outline;

  HostExperiment(Outline outline) {
    this.outline = outline;
  }

  @Override
  public final String name() {
    return outline.name();
  }

  @Override
  public final String description() {
    return outline.description();
  }

  @Override
  public final List<Variant> variants() {
    return outline.variants();
  }

  @Override
  public final List<Parameter> parameters() {
    return outline.parameters();
  }

  @Override
  public final List<Metric> metrics() {
    return outline.metrics();
  }

  @Override
  public final List<Counted> counted() {
    return outline.counted();
  }

  @Override
  public final List<Breakdown.Category> parts() {
    return HostParts.own();
  }

  @Override
  public final List<Breakdown.Category> otherParts() {
    return HostParts.others();
  }

  @Override
  public final int samples() {
    return outline.samples();
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
