package org.pagewright.lab.experiment.suite;

import java.util.List;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Breakdown;

/** Everything about an experiment but the run: what it is called, compares, measures and counts. */
record Outline(
    String name,
    String description,
    List<Variant> variants,
    List<Parameter> parameters,
    List<Experiment.Metric> metrics,
    List<Breakdown.Category> parts,
    List<Breakdown.Category> otherParts,
    List<Experiment.Counted> counted,
    int samples) {

  /** An experiment on a simulated host, whose time goes where it goes in all of them. */
  Outline(
      String name,
      String description,
      List<Variant> variants,
      List<Parameter> parameters,
      List<Experiment.Metric> metrics,
      List<Experiment.Counted> counted,
      int samples) {
    this(
        name,
        description,
        variants,
        parameters,
        metrics,
        HostParts.own(),
        HostParts.others(),
        counted,
        samples);
  }
}
