package org.pagewright.lab.experiment.suite;

import java.util.List;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Breakdown;

/** An experiment that says everything about itself but the run in an {@link Outline}. */
abstract class OutlinedExperiment implements Experiment {
  private final Outline outline;

  OutlinedExperiment(Outline outline) {
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
  public final List<Breakdown.Category> parts() {
    return outline.parts();
  }

  @Override
  public final List<Breakdown.Category> otherParts() {
    return outline.otherParts();
  }

  @Override
  public final List<Counted> counted() {
    return outline.counted();
  }

  @Override
  public final int samples() {
    return outline.samples();
  }
}
