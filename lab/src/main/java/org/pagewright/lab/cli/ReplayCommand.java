package org.pagewright.lab.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Drives the allocator with the recorded trace of a real kernel. */
@Command(
    name = "replay",
    description = "Drives the page allocator with a recorded kernel trace.",
    footer = {
      "",
      "Examples:",
      "  pagewright replay trace.txt",
      "  pagewright replay trace.txt --kernel 6.18 --before before/ --predict"
    })
@SuppressWarnings("UnusedVariable") // not built yet: nobody reads the options
final class ReplayCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "TRACE",
      description = "Trace files; - is standard input.")
  private List<Path> traces = new ArrayList<>();

  @Option(
      names = "--kernel",
      paramLabel = "VERSION",
      description = "The kernel to behave like: 6.1, 6.12, 6.18 or 7.0.")
  private @Nullable String kernel;

  @Option(
      names = "--before",
      paramLabel = "DIR",
      description = "Folder with the state before the trace (buddyinfo, pagetypeinfo, ...).")
  private @Nullable Path before;

  @Option(
      names = "--predict",
      description = "Predict every allocated frame and report how many were right.")
  private boolean predict;

  @Override
  public Integer call() {
    throw common.notBuilt();
  }
}
