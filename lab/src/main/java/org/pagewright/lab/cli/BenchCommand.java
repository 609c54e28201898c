package org.pagewright.lab.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Stands for {@code ./pagewright bench} in the help; the launcher itself runs the benchmarks. */
@Command(
    name = "bench",
    description = {
      "Measures Pagewright itself with JMH: walks, TLBs, the page allocator, whole samples.",
      "",
      "The launcher builds the benchmarks from the sources. Arguments go to JMH: a pattern of"
          + " names, -p for parameters, -f, -wi and -i for forks and iterations."
    },
    footer = {
      "",
      "Examples:",
      "  ./pagewright bench -l                          the benchmarks there are",
      "  ./pagewright bench WalkBenchmark -p format=x86_64-4level",
      "  ./pagewright bench AllocatorBenchmark -wi 3 -i 3   a quick look"
    })
final class BenchCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @SuppressWarnings("UnusedVariable") // for picocli only
  @Parameters(arity = "0..*", paramLabel = "ARGUMENT", description = "Arguments for JMH.")
  private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() {
    common.err().println("pagewright bench: start it as './pagewright bench' in the sources");
    return ExitStatus.USAGE;
  }
}
