package org.pagewright.lab.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists what there is to run, to choose and to look at. */
@Command(
    name = "list",
    description = "Lists what there is.",
    footer = {
      "",
      "Examples:",
      "  pagewright list experiments",
      "  pagewright list formats --json -"
    })
@SuppressWarnings("UnusedVariable") // not built yet: nobody reads the options
final class ListCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  /** What can be listed. */
  enum Kind {
    experiments,
    variants,
    formats,
    machines,
    costs,
    scenarios,
    checkers,
    planted
  }

  @Parameters(paramLabel = "KIND", description = "One of: ${COMPLETION-CANDIDATES}.")
  private Kind kind = Kind.experiments;

  @Override
  public Integer call() {
    throw common.notBuilt();
  }
}
