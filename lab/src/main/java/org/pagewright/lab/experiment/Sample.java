package org.pagewright.lab.experiment;

import java.util.List;

/**
 * What one trial gave.
 *
 * @param metrics one value per metric of the experiment
 * @param parts one value per part of the experiment's breakdown, in nanoseconds
 * @param others the same kind of parts for the CPUs that were interrupted, summed over them
 * @param counts one value per counted thing of the experiment
 * @param problems promised properties that did not hold, in words
 * @param isWhole whether all of the work was done; what was not done took no time
 */
@SuppressWarnings("ArrayRecordComponent") // written once, then only read
public record Sample(
    double[] metrics,
    double[] parts,
    double[] others,
    double[] counts,
    List<String> problems,
    boolean isWhole) {

  /** A sample that does not change. */
  public Sample {
    problems = List.copyOf(problems);
  }

  /** A sample of a trial that did all of its work. */
  public Sample(
      double[] metrics, double[] parts, double[] others, double[] counts, List<String> problems) {
    this(metrics, parts, others, counts, problems, /* isWhole= */ true);
  }
}
