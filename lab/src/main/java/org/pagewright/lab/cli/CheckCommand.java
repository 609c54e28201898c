package org.pagewright.lab.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.Operation;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.explore.SmallKernel;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.fault.FaultSearch;
import org.pagewright.check.fault.FaultedOrders;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.lab.experiment.Nearest;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.scenario.CheckMatrix;
import org.pagewright.lab.scenario.ScenarioFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs scenarios under checkers and schedules. */
@Command(
    name = "check",
    description = "Runs scenarios under the checkers, in many orders of their steps.",
    footer = {
      "",
      "Examples:",
      "  pagewright check --all --smoke",
      "  pagewright check secretmem-double-fault --explore exhaustive",
      "  pagewright check secretmem-neighbours --explore exhaustive --state search.txt",
      "  pagewright check secretmem-double-fault --faults --explore preemptions",
      "  pagewright check secretmem-double-fault --schedule 0*9,1"
    })
final class CheckCommand implements Callable<Integer> {
  private static final int PAIRS_MAX = 1000;
  private static final int SMOKE_SCHEDULES = 12;

  @Spec private @Nullable CommandSpec spec;

  @Mixin private final CommonOptions common = new CommonOptions();
  @Mixin private final OrderOptions orders = new OrderOptions();

  @Parameters(
      arity = "0..*",
      paramLabel = "SCENARIO",
      description = "Names of 'pagewright list scenarios', or files that end in .yaml.")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--all",
      description = "Run every scenario on every format, design of secret files and CPUs it fits.")
  private boolean all;

  @Option(
      names = "--smoke",
      description = "With --all: few schedules of each, to see that everything still runs.")
  private boolean smoke;

  @Option(
      names = "--schedules",
      paramLabel = "N",
      converter = CommonOptions.Count.class,
      description = "Stop each search after so many schedules.")
  private int schedulesMax = Integer.MAX_VALUE;

  @Option(
      names = "--state",
      paramLabel = "FILE",
      description = "Go on where FILE stands if it exists; write it when the search stops early.")
  private @Nullable Path state;

  @Option(
      names = "--faults",
      description = {
        "Let each request for memory fail in turn, then pairs: in one order of steps,",
        "or with --explore in all of those orders."
      })
  private boolean faults;

  @Option(
      names = "--schedule",
      paramLabel = "TEXT",
      description = "Run only this schedule, which a failure printed.")
  private @Nullable String schedule;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      converter = CommonOptions.Count.class,
      description = "Stop each search after this time (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

  @Option(
      names = "--format",
      paramLabel = "F",
      description = "An entry format; repeatable (default: x86_64-4level, with --all every one).")
  private List<String> formats = new ArrayList<>();

  /** One scenario on one kernel, for JSON. */
  private record Result(
      String scenario,
      String kernel,
      long schedules,
      double seconds,
      String coverage,
      Exploration.@Nullable Failure failure,
      String replay) {}

  @Override
  public Integer call() throws IOException {
    requireSense();
    common.requireFolder();
    CommonOptions.requireFolder(state);
    List<CheckMatrix.Case> cases = cases();
    if (state != null && cases.size() != 1) {
      throw new BadInput("--state is of one search; expected one scenario and one format");
    }
    List<Result> results = new ArrayList<>();
    try (Interruption interruption = new Interruption()) {
      for (CheckMatrix.Case one : cases) {
        if (interruption.isRequested()) {
          break;
        }
        Result result = explore(one, interruption);
        results.add(result);
        if (!common.isJsonOnly()) {
          print(result);
          common.out().flush();
        }
      }
      common.printJson(results);
    }
    boolean isFine = results.stream().allMatch(result -> result.failure() == null);
    return isFine ? ExitStatus.FINE : ExitStatus.FOUND;
  }

  /** Refuses options of which one would be ignored. */
  private void requireSense() {
    requireNot(all && !names.isEmpty(), "--all", "names of scenarios");
    requireNot(faults && schedule != null, "--faults", "--schedule");
    requireNot(faults && state != null, "--faults", "--state");
    requireNot(schedule != null && state != null, "--schedule", "--state");
  }

  private void requireNot(boolean isBoth, String one, String other) {
    if (isBoth) {
      throw wrong(one + " does not go together with " + other + "; expected one of them");
    }
  }

  private ParameterException wrong(String what) {
    CommandSpec command = Objects.requireNonNull(spec, "picocli sets the command before it runs");
    return new ParameterException(command.commandLine(), what);
  }

  private List<CheckMatrix.Case> cases() throws IOException {
    List<CheckMatrix.Case> cases = new ArrayList<>();
    if (all) {
      Scenario.all().forEach(scenario -> cases.addAll(CheckMatrix.of(scenario)));
      cases.removeIf(one -> !formats.isEmpty() && !formats.contains(one.format().name()));
    }
    for (String name : names) {
      Scenario scenario = scenario(name);
      for (String format : formats.isEmpty() ? List.of("x86_64-4level") : formats) {
        cases.add(fitting(scenario, format));
      }
    }
    if (cases.isEmpty()) {
      throw new BadInput("no scenario; expected --all or names of 'pagewright list scenarios'");
    }
    return cases;
  }

  private static Scenario scenario(String name) throws IOException {
    if (ScenarioFile.isFile(name)) {
      return ScenarioFile.read(Path.of(name));
    }
    List<String> known = Scenario.all().stream().map(Scenario::name).toList();
    if (!known.contains(name)) {
      throw new BadInput(
          "no scenario '"
              + name
              + "'; expected a file or one of 'pagewright list scenarios'"
              + Nearest.hint(name, known));
    }
    return Scenario.named(name);
  }

  private static CheckMatrix.Case fitting(Scenario scenario, String format) {
    CheckMatrix.Case one;
    try {
      one = new CheckMatrix.Case(scenario, PteFormat.named(format));
    } catch (IllegalArgumentException e) {
      throw new BadInput("--format " + format + ": " + e.getMessage());
    }
    if (!scenario.fits(one.format())) {
      throw new BadInput(
          scenario.name() + ": no kernel with format " + format + " can do it; expected another");
    }
    return one;
  }

  private Result explore(CheckMatrix.Case one, Interruption interruption) throws IOException {
    int most = smoke ? Math.min(schedulesMax, SMOKE_SCHEDULES) : schedulesMax;
    SearchClock clock =
        new SearchClock(
            one.label(),
            common.err(),
            System::nanoTime,
            Duration.ofSeconds(seconds),
            most,
            interruption::isRequested);
    Trial<SmallKernel> trial = one.scenario().on(one.format());
    Exploration found;
    if (faults) {
      found = orders.isGiven() ? failInEachOrder(trial, clock) : fail(trial, clock);
    } else if (schedule != null) {
      found = replay(new Explorer(trial), one.label());
    } else {
      found = search(subject(one), trial, clock);
    }
    String kernel = one.label().substring(one.scenario().name().length() + 2);
    return new Result(
        one.scenario().name(),
        kernel,
        found.schedules(),
        clock.seconds(),
        found.coverage(),
        found.failure(),
        found.failure() == null ? "" : replayText(one, found.failure()));
  }

  /** How to see a failure again: by a scenario with a name, or a smaller one to be saved. */
  private static String replayText(CheckMatrix.Case one, Exploration.Failure failure) {
    if (failure.schedule().isEmpty()) {
      return "";
    }
    Scenario given = one.scenario();
    List<List<Operation>> programs =
        failure.programs().stream()
            .map(texts -> texts.stream().map(Operation::parse).toList())
            .toList();
    Scenario smaller =
        new Scenario(given.name(), given.what(), given.backing(), given.isolation(), programs);
    String options =
        " --format " + one.format().name() + " --schedule '" + failure.schedule() + "'";
    boolean isKnown =
        Scenario.all().stream()
            .anyMatch(known -> ScenarioFile.print(known).equals(ScenarioFile.print(smaller)));
    return isKnown
        ? "replay: pagewright check " + given.name() + options + "\n"
        : "replay: save these lines as smaller.yaml, then pagewright check smaller.yaml"
            + options
            + "\n"
            + ScenarioFile.print(smaller);
  }

  private Exploration replay(Explorer explorer, String label) {
    try {
      return explorer.replay(Objects.requireNonNull(schedule));
    } catch (IllegalArgumentException e) {
      throw new BadInput(label + ", --schedule: " + e.getMessage());
    }
  }

  /** What a state must be of; a scenario that was changed is another one. */
  private String subject(CheckMatrix.Case one) {
    int program = ScenarioFile.print(one.scenario()).hashCode();
    return String.format(Locale.ROOT, "%s (%08x), %s", one.label(), program, orders.text());
  }

  private Exploration search(String subject, Trial<SmallKernel> trial, SearchClock clock)
      throws IOException {
    Path file = state;
    Explorer explorer = new Explorer(trial);
    if (file == null || !Files.exists(file)) {
      Strategy strategy = orders.strategy(schedulesMax, common.seed()).apply(trial.cpus());
      return searchFrom(new SearchState(subject, 0, ""), strategy, explorer, clock);
    }
    SearchState last = SearchState.read(file, subject);
    return searchFrom(last, last.strategy(file, trial.cpus()), explorer, clock);
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

  private static Exploration fail(Trial<SmallKernel> trial, SearchClock clock) {
    Hunt hunt = FaultSearch.search(trial, PAIRS_MAX, clock);
    String coverage = hunt.faults() + " of them with failing requests";
    return new Exploration(
        hunt.schedules() + hunt.faults(),
        hunt.where().isEmpty() ? coverage : coverage + ", in the last " + hunt.where(),
        hunt.failure());
  }

  private Exploration failInEachOrder(Trial<SmallKernel> trial, SearchClock clock) {
    IntFunction<Strategy> strategy = orders.strategy(schedulesMax, common.seed());
    return FaultedOrders.search(trial, () -> strategy.apply(trial.cpus()), PAIRS_MAX, clock);
  }

  private void print(Result result) {
    Exploration.Failure failure = result.failure();
    PrintWriter out = common.out();
    out.printf(
        Locale.ROOT,
        "%s, %s: %,d schedule%s in %.1f s (%s), %s%n",
        result.scenario(),
        result.kernel(),
        result.schedules(),
        result.schedules() == 1 ? "" : "s",
        result.seconds(),
        result.coverage(),
        failure == null ? "none failed" : "FAILED");
    if (failure == null) {
      return;
    }
    out.print(FailureText.of(failure));
    out.print(result.replay());
  }
}
