package org.pagewright.lab.experiment;

import java.util.List;
import java.util.Map;

/**
 * The samples of a run, as far as it got.
 *
 * @param samples the finished samples of each variant, in order of their index
 */
public record RunResult(RunPlan plan, Map<Variant, List<Sample>> samples) {

  /** Whether every sample of every variant was taken. */
  public boolean isComplete() {
    return samples.values().stream().allMatch(list -> list.size() == plan.samples());
  }

  /** The variants that have at least one sample, in the order asked for. */
  public List<Variant> measured() {
    return plan.variants().stream().filter(variant -> !of(variant).isEmpty()).toList();
  }

  /** The samples of {@code variant}. */
  public List<Sample> of(Variant variant) {
    return samples.getOrDefault(variant, List.of());
  }

  /** Whether every sample of {@code variant} did all of its work. */
  public boolean isWhole(Variant variant) {
    return of(variant).stream().allMatch(Sample::isWhole);
  }
}
