package org.pagewright.lab.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs scenarios under checkers, schedules and failing allocations. */
@Command(
    name = "check",
    description = "Runs scenarios under the checkers.",
    footer = {
      "",
      "Examples:",
      "  pagewright check --all",
      "  pagewright check unmap-then-reuse --explore 1000 --faults"
    })
@SuppressWarnings("UnusedVariable") // not built yet: nobody reads the options
final class CheckCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "SCENARIO",
      description = "See 'pagewright list scenarios'.")
  private List<String> scenarios = new ArrayList<>();

  @Option(names = "--all", description = "Run every scenario.")
  private boolean all;

  @Option(
      names = "--explore",
      paramLabel = "N|exhaustive",
      description = "Try N schedules of each scenario, or all of them.")
  private @Nullable String explore;

  @Option(names = "--faults", description = "Also let every allocation fail once.")
  private boolean faults;

  @Option(
      names = "--format",
      paramLabel = "F",
      description = "An entry format; repeatable (default: those that the scenario names).")
  private List<String> formats = new ArrayList<>();

  @Override
  public Integer call() {
    throw common.notBuilt();
  }
}
