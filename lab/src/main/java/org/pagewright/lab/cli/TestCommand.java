package org.pagewright.lab.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Stands for {@code ./pagewright test} in the help; the launcher itself runs the tests. */
@Command(
    name = "test",
    description = {
      "Checks everything that the project checks about itself: format, lints, tests, tidiness.",
      "",
      "The launcher does this with Maven from the sources. Arguments go to Maven."
    },
    footer = {
      "",
      "Examples:",
      "  ./pagewright test",
      "  ./pagewright test -pl hardware -am   one module and what it needs"
    })
final class TestCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @SuppressWarnings("UnusedVariable") // for picocli only
  @Parameters(arity = "0..*", paramLabel = "ARGUMENT", description = "Arguments for Maven.")
  private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() {
    common.err().println("pagewright test: start it as './pagewright test' in the sources");
    return ExitStatus.USAGE;
  }
}
