package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.explore.SmallKernel;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.fault.FaultSearch;
import org.pagewright.check.schedule.DrawnOrders;
import org.pagewright.check.schedule.EveryOrder;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.check.schedule.PriorityOrders;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.Json;
import org.pagewright.lab.report.OutputFile;
import org.pagewright.lab.report.TextTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs scenarios under checkers and schedules. */
@Command(
    name = "check",
    description = "Runs scenarios under the checkers, in many orders of their steps.",
    footer = {
      "",
      "Examples:",
      "  pagewright check --all",
      "  pagewright check secretmem-double-fault --explore exhaustive",
      "  pagewright check secretmem-neighbours --explore exhaustive --state search.txt",
      "  pagewright check secretmem-double-fault --schedule 0*9,1"
    })
final class CheckCommand implements Callable<Integer> {
  private static final String EXHAUSTIVE = "exhaustive";
  private static final String PREEMPTIONS = "preemptions";
  private static final String PRIORITIES = "priorities";
  private static final int PAIRS_MAX = 1000;
  private static final int PRIORITIES_DEFAULT = 1000;

  @Mixin private final CommonOptions common = new CommonOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "SCENARIO",
      description = "See 'pagewright list scenarios'.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--all", description = "Run every scenario.")
  private boolean all;

  @Option(
      names = "--explore",
      paramLabel = "HOW",
      description = {
        "exhaustive: every order of steps that meet; preemptions: all with few preemptions;",
        "priorities: drawn as PCT does; a number: so many drawn from the seed",
        "(default: ${DEFAULT-VALUE})."
      })
  private String explore = PREEMPTIONS;

  @Option(
      names = "--schedules",
      paramLabel = "N",
      description = "Stop each search after so many schedules.")
  private long schedulesMax = Long.MAX_VALUE;

  @Option(
      names = "--state",
      paramLabel = "FILE",
      description = "Go on where FILE stands if it exists; write it when the search stops early.")
  private @Nullable Path state;

  @Option(
      names = "--preemptions",
      paramLabel = "N",
      description = "Most preemptions with --explore preemptions (default: ${DEFAULT-VALUE}).")
  private int preemptions = 2;

  @Option(
      names = "--faults",
      description = "Let each request for memory fail in turn, then pairs, instead of schedules.")
  private boolean faults;

  @Option(
      names = "--schedule",
      paramLabel = "TEXT",
      description = "Run only this schedule, which a failure printed.")
  private @Nullable String schedule;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description = "Stop each search after this time (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

  @Option(
      names = "--format",
      paramLabel = "F",
      description = "An entry format; repeatable (default: x86_64-4level).")
  private List<String> formats = new ArrayList<>();

  /** One scenario on one format, for JSON. */
  private record Result(
      String scenario,
      String format,
      long schedules,
      double seconds,
      String coverage,
      Exploration.@Nullable Failure failure) {}

  @Override
  public Integer call() throws IOException {
    List<Result> results = new ArrayList<>();
    List<Scenario> scenarios = chosen();
    List<String> names = formats.isEmpty() ? List.of("x86_64-4level") : formats;
    if (state != null && scenarios.size() * names.size() != 1) {
      throw new BadInput("--state is of one search; expected one scenario and one format");
    }
    for (String format : names) {
      for (Scenario scenario : scenarios) {
        results.add(explore(scenario, format));
      }
    }
    Path json = common.json();
    boolean isJsonOnly = json != null && json.toString().equals("-");
    if (isJsonOnly) {
      common.out().print(Json.text(results));
    } else {
      results.forEach(this::print);
      if (json != null) {
        OutputFile.print(json, out -> out.print(Json.text(results)));
      }
    }
    boolean isFine = results.stream().allMatch(result -> result.failure() == null);
    return isFine ? ExitStatus.FINE : ExitStatus.FOUND;
  }

  private List<Scenario> chosen() {
    if (all) {
      return Scenario.all();
    }
    if (names.isEmpty()) {
      throw new BadInput("no scenario; expected --all or names of 'pagewright list scenarios'");
    }
    return names.stream().map(CheckCommand::named).toList();
  }

  private static Scenario named(String name) {
    return Scenario.all().stream()
        .filter(scenario -> scenario.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new BadInput(
                "no scenario '" + name + "'; expected one of 'pagewright list scenarios'"));
  }

  private Result explore(Scenario scenario, String formatName) throws IOException {
    String what = scenario.name() + ", " + formatName;
    SearchClock clock =
        new SearchClock(
            what, common.err(), System::nanoTime, Duration.ofSeconds(seconds), schedulesMax);
    Exploration found;
    try {
      PteFormat format = PteFormat.named(formatName);
      if (faults) {
        found = fail(scenario, format, clock);
      } else if (schedule != null) {
        found = new Explorer(scenario, format).replay(schedule);
      } else {
        found = search(what + ", " + explore, new Explorer(scenario, format), clock);
      }
    } catch (IllegalArgumentException e) {
      throw new BadInput(what + ": " + e.getMessage());
    }
    return new Result(
        scenario.name(),
        formatName,
        found.schedules(),
        clock.seconds(),
        found.coverage(),
        found.failure());
  }

  private Exploration search(String subject, Explorer explorer, SearchClock clock)
      throws IOException {
    Path file = state;
    if (file == null || !Files.exists(file)) {
      return searchFrom(new SearchState(subject, 0, ""), strategy(), explorer, clock);
    }
    SearchState last = SearchState.read(file, subject);
    return searchFrom(last, last.strategy(file, SmallKernel.CPUS), explorer, clock);
  }

  private Exploration searchFrom(
      SearchState last, Strategy strategy, Explorer explorer, SearchClock clock)
      throws IOException {
    Exploration found = explorer.search(strategy, clock);
    long schedules = last.schedules() + found.schedules();
    Path file = state;
    if (file != null && found.failure() == null) {
      new SearchState(last.subject(), schedules, strategy.position()).write(file);
    }
    return new Exploration(schedules, found.coverage(), found.failure());
  }

  private Strategy strategy() {
    return switch (explore) {
      case EXHAUSTIVE -> new EveryOrder(SmallKernel.CPUS);
      case PREEMPTIONS -> new FewPreemptions(preemptions);
      case PRIORITIES ->
          new PriorityOrders(
              SmallKernel.CPUS, Math.min(schedulesMax, PRIORITIES_DEFAULT), common.seed());
      default -> new DrawnOrders(count(), common.seed());
    };
  }

  private static Exploration fail(Scenario scenario, PteFormat format, BooleanSupplier isOver) {
    Trial<SmallKernel> trial =
        scenario.on(() -> new SmallKernel(format, SmallKernel.FileMaker.sound()));
    Hunt hunt = FaultSearch.search(trial, PAIRS_MAX, isOver);
    String coverage = hunt.faults() + " of them with failing requests";
    return new Exploration(
        hunt.schedules() + hunt.faults(),
        coverage,
        hunt.violations().isEmpty()
            ? null
            : new Exploration.Failure(List.of(), "", List.of(), hunt.violations()));
  }

  private long count() {
    try {
      return Long.parseUnsignedLong(explore);
    } catch (NumberFormatException e) {
      throw new BadInput(
          "--explore " + explore + "; expected exhaustive, preemptions, priorities or a number");
    }
  }

  private void print(Result result) {
    Exploration.Failure failure = result.failure();
    common
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%s, %s: %,d schedules in %.1f s (%s), %s",
                result.scenario(),
                result.format(),
                result.schedules(),
                result.seconds(),
                result.coverage(),
                failure == null ? "none failed" : "FAILED"));
    if (failure != null) {
      common.out().print(table(failure));
      failure.violations().forEach(violation -> common.out().println("violated: " + violation));
      List<List<String>> programs = failure.programs();
      for (int cpu = 0; cpu < programs.size(); cpu++) {
        common.out().println("CPU " + cpu + " did: " + String.join(", ", programs.get(cpu)));
      }
      common
          .out()
          .printf(
              "replay: pagewright check %s --format %s --schedule '%s'%n",
              result.scenario(), result.format(), failure.schedule());
    }
  }

  /** A column for each CPU, a step a row. */
  static String table(Exploration.Failure failure) {
    TextTable table = new TextTable();
    for (int cpu = 0; cpu < SmallKernel.CPUS; cpu++) {
      table.column("CPU " + cpu, TextTable.Align.LEFT);
    }
    for (Exploration.Row row : failure.rows()) {
      List<String> cells = new ArrayList<>(Collections.nCopies(SmallKernel.CPUS, ""));
      cells.set(row.cpu(), row.what());
      table.row(cells);
    }
    return table.text();
  }
}
