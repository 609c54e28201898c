package org.pagewright.lab.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Runs the planted bugs and says which checker found each. */
@Command(
    name = "planted",
    description = "Runs the planted bugs: which checker found each, after how many schedules.",
    footer = {"", "Examples:", "  pagewright planted", "  pagewright list planted"})
@SuppressWarnings("UnusedVariable") // not built yet: nobody reads the options
final class PlantedCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "NAME",
      description = "Planted bugs (default: all); see 'pagewright list planted'.")
  private List<String> names = new ArrayList<>();

  @Override
  public Integer call() {
    throw common.notBuilt();
  }
}
