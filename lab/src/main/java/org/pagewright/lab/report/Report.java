package org.pagewright.lab.report;

import java.util.List;

/**
 * A finished run, described for every output format.
 *
 * @param name the experiment's name
 * @param description what it asks, in a sentence or two
 * @param command the command line that repeats it
 * @param configHash identifies the configuration without the seed
 * @param comparisons the metrics, the main one first
 */
public record Report(
    String name,
    String description,
    String command,
    String version,
    long seed,
    String configHash,
    List<Setting> settings,
    List<Comparison> comparisons,
    List<Breakdown> breakdowns,
    List<Counts> counts,
    SampleTable samples,
    String costTable,
    List<CostLine> costs,
    List<Finding> findings) {

  /** A report with at least one comparison. */
  public Report {
    settings = List.copyOf(settings);
    comparisons = List.copyOf(comparisons);
    breakdowns = List.copyOf(breakdowns);
    counts = List.copyOf(counts);
    costs = List.copyOf(costs);
    findings = List.copyOf(findings);
  }
}
