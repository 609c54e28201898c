package org.pagewright.lab.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs an experiment and compares variants of a design. */
@Command(
    name = "run",
    description = "Runs an experiment: measures each variant and compares it with the first.",
    footer = {
      "",
      "Examples:",
      "  pagewright run populate",
      "  pagewright run populate --samples 5 --seed 0x2a --csv populate.csv"
    })
@SuppressWarnings("UnusedVariable") // not built yet: nobody reads the options
final class RunCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @Parameters(paramLabel = "EXPERIMENT", description = "See 'pagewright list experiments'.")
  private String experiment = "";

  @Option(
      names = "--variant",
      paramLabel = "V",
      description = "A variant to measure; repeatable (default: all of the experiment).")
  private List<String> variants = new ArrayList<>();

  @Option(names = "--samples", paramLabel = "N", description = "Samples of each variant.")
  private @Nullable Integer samples;

  @Option(names = "--machine", paramLabel = "M", description = "See 'pagewright list machines'.")
  private @Nullable String machine;

  @Option(
      names = "--costs",
      paramLabel = "C",
      description = "A cost table's name or file; see 'pagewright list costs'.")
  private @Nullable String costs;

  @Option(
      names = "--set",
      paramLabel = "k=v",
      description = "Sets one value of the experiment; repeatable.")
  private Map<String, String> values = new LinkedHashMap<>();

  @Option(names = "--html", paramLabel = "F", description = "Also write one HTML page to F.")
  private @Nullable Path html;

  @Option(names = "--csv", paramLabel = "F", description = "Also write every sample to F.")
  private @Nullable Path csv;

  @Override
  public Integer call() {
    throw common.notBuilt();
  }
}
