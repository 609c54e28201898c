package org.pagewright.lab.experiment.suite;

import java.util.List;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Breakdown;

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
}
