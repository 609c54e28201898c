package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.lab.report.Json;
import org.pagewright.lab.trace.ReplayOptions;
import org.pagewright.lab.trace.ReplayResult;
import org.pagewright.lab.trace.ReplayText;
import org.pagewright.lab.trace.TraceReplay;
import org.pagewright.lab.trace.input.Companions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Drives the allocator with the recorded trace of a real kernel. */
@Command(
    name = "replay",
    description = {
      "Drives the page allocator with a recorded kernel trace.",
      "",
      "A trace is the text of ftrace, trace-cmd report or perf script with the kmem events, plain"
          + " or gzip. Files beside NAME.trace.gz are used when they are there:"
          + " NAME.state-start.json, NAME.state-end.json, NAME.hidden.csv and snapshots of /proc"
          + " before and after, NAME.before.txt and NAME.after.txt."
    },
    footer = {
      "",
      "Examples:",
      "  pagewright replay samples/traces/boot-1cpu-512m.trace.gz --predict",
      "  pagewright replay samples/traces/boot-1cpu-512m.trace.gz --predict --kernel 6.18",
      "  pagewright replay trace.txt --before before/ --predict"
    })
final class ReplayCommand implements Callable<Integer> {
  @Mixin private final CommonOptions common = new CommonOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(arity = "1..*", paramLabel = "TRACE", description = "Trace files.")
  private List<Path> traces = new ArrayList<>();

  @Option(
      names = "--kernel",
      paramLabel = "VERSION",
      description = "The kernel to behave like: 6.1, 6.12, 6.18 or 7.0 (default: a guess).")
  private @Nullable String kernel;

  @Option(
      names = "--before",
      paramLabel = "DIR",
      description = "State before the trace: a folder with buddyinfo, pagetypeinfo, zoneinfo.")
  private @Nullable Path before;

  @Option(
      names = "--after",
      paramLabel = "DIR",
      description = "State after the trace, to compare with.")
  private @Nullable Path after;

  @Option(
      names = "--state-start",
      paramLabel = "FILE",
      description = "Complete state before the first event.")
  private @Nullable Path stateStart;

  @Option(
      names = "--state-end",
      paramLabel = "FILE",
      description = "Complete state after the last event, to compare with.")
  private @Nullable Path stateEnd;

  @Option(names = "--hidden", paramLabel = "FILE", description = "Steps that no event shows.")
  private @Nullable Path hidden;

  @Option(names = "--no-state", description = "Leave out the states beside the trace.")
  private boolean noState;

  @Option(names = "--no-hidden", description = "Leave out the hidden steps beside the trace.")
  private boolean noHidden;

  @Option(
      names = "--tell-zone",
      description = "Tell each request the zone in which the kernel found its frame.")
  private boolean tellZone;

  @Option(
      names = "--allow-partial",
      description = "Accept a trace that ends before its header says.")
  private boolean allowPartial;

  @Option(
      names = "--predict",
      description = "Predict every allocated frame and report how many were right.")
  private boolean predict;

  /** How fast the host was, for each trace: the one thing that differs from run to run. */
  private final List<Long> eventsPerSecond = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    checkKernel();
    Companions named = new Companions(stateStart, stateEnd, hidden, before, after);
    ReplayOptions options =
        new ReplayOptions(kernel, tellZone, named, !noState, !noHidden, allowPartial);
    boolean showsText = !common.isJsonOnly();
    List<ReplayResult> results = new ArrayList<>();
    for (Path trace : traces) {
      common.err().println("replaying " + trace);
      common.err().flush();
      try (TraceReplay replay = TraceReplay.run(trace, options)) {
        results.add(replay.result());
        eventsPerSecond.add(replay.eventsPerSecond());
        common.err().printf(Locale.ROOT, "%,d events a second%n", replay.eventsPerSecond());
      }
      if (showsText) {
        common.out().println(ReplayText.of(results.getLast(), predict));
        common.out().flush();
      }
    }
    if (showsText && results.size() > 1) {
      common.out().print(ReplayText.summary(results));
    }
    writeJson(results);
    boolean isBroken = results.stream().anyMatch(one -> one.brokenInvariant() != null);
    return isBroken ? ExitStatus.FOUND : ExitStatus.FINE;
  }

  private void checkKernel() {
    try {
      if (kernel != null) {
        AllocatorRules.named(kernel);
      }
    } catch (IllegalArgumentException unknown) {
      throw new ParameterException(spec.commandLine(), unknown.getMessage(), unknown);
    }
  }

  private void writeJson(List<ReplayResult> results) throws IOException {
    Map<String, Object> document = new LinkedHashMap<>();
    List<Map<String, @Nullable Object>> traces = new ArrayList<>();
    for (int i = 0; i < results.size(); i++) {
      Map<String, @Nullable Object> fields = Json.fields(results.get(i));
      fields.put("events_per_second", eventsPerSecond.get(i));
      traces.add(fields);
    }
    document.put("traces", traces);
    common.printJson(document);
  }
}
