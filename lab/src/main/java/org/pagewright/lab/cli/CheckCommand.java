package org.pagewright.lab.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
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
import org.pagewright.lab.cli.CheckState.Ending;
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
      "  pagewright check --all --explore exhaustive --jobs 2 --state matrix.txt",
      "  pagewright check secretmem-double-fault --explore exhaustive",
      "  pagewright check secretmem-neighbours --explore exhaustive --state search.txt",
      "  pagewright check secretmem-double-fault --faults --explore preemptions",
      "  pagewright check secretmem-double-fault --schedule 0*9,1"
    })
final class CheckCommand implements Callable<Integer> {
  private static final int PAIRS_MAX = 1000;
  private static final int SMOKE_SCHEDULES = 12;

  /** In a state. */
  private static final String PROGRAM_END = ";";

  private static final String OPERATION_END = ",";

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
      description =
          "Go on where FILE stands if it exists; keep in it what is finished, and where the rest"
              + " stopped.")
  private @Nullable Path state;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      converter = CommonOptions.Count.class,
      description = "So many searches at a time, for so many cores (default: ${DEFAULT-VALUE}).")
  private int jobs = 1;

  @Option(
      names = "--faults",
      description =
          "Let each request for memory fail in turn, then pairs: in one order of steps, or with"
              + " --explore in all of those orders.")
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
    CheckState known = CheckState.open(state, orders.text(common.seed()));
    List<Result> results;
    try (Interruption interruption = new Interruption()) {
      results = exploreAll(cases, known, interruption);
      common.printJson(results);
    }
    boolean isFine = results.stream().allMatch(result -> result.failure() == null);
    return isFine ? ExitStatus.FINE : ExitStatus.FOUND;
  }

  /** Results are told in the order of the cases, whichever ends first. */
  private List<Result> exploreAll(
      List<CheckMatrix.Case> cases, CheckState known, Interruption interruption)
      throws IOException {
    AtomicBoolean isAbandoned = new AtomicBoolean();
    BooleanSupplier isStopped = () -> interruption.isRequested() || isAbandoned.get();
    List<Result> results = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(jobs, CheckCommand::daemon)) {
      List<Future<Optional<Result>>> pending =
          cases.stream()
              .map(one -> pool.submit(() -> exploreUnless(isStopped, one, known)))
              .toList();
      try {
        for (Future<Optional<Result>> one : pending) {
          Optional<Result> result = one.get();
          result.ifPresent(results::add);
          result.filter(any -> !common.isJsonOnly()).ifPresent(this::print);
        }
      } catch (ExecutionException e) {
        throw rethrown(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        isAbandoned.set(true);
      }
    }
    return results;
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "search");
    thread.setDaemon(true);
    return thread;
  }

  private static RuntimeException rethrown(ExecutionException e) throws IOException {
    Throwable cause = e.getCause();
    if (cause instanceof IOException unreadable) {
      throw unreadable;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException ours ? ours : new IllegalStateException(cause);
  }

  private Optional<Result> exploreUnless(
      BooleanSupplier isStopped, CheckMatrix.Case one, CheckState known) throws IOException {
    return isStopped.getAsBoolean()
        ? Optional.empty()
        : Optional.of(explore(one, known, isStopped));
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

  private Result explore(CheckMatrix.Case one, CheckState known, BooleanSupplier isStopped)
      throws IOException {
    int most = smoke ? Math.min(schedulesMax, SMOKE_SCHEDULES) : schedulesMax;
    SearchClock clock =
        new SearchClock(
            one.label(),
            common.err(),
            System::nanoTime,
            Duration.ofSeconds(seconds),
            most,
            isStopped);
    Trial<SmallKernel> trial = one.scenario().on(one.format());
    Exploration found;
    double before = 0;
    if (faults) {
      found = orders.isGiven() ? failInEachOrder(trial, clock) : fail(trial, clock);
    } else if (schedule != null) {
      found = replay(new Explorer(trial), one.label());
    } else {
      CheckState.Entry entry = search(one, known, clock);
      found = exploration(one, known, entry);
      before = entry.seconds() - clock.seconds();
    }
    String kernel = one.label().substring(one.scenario().name().length() + 2);
    return new Result(
        one.scenario().name(),
        kernel,
        found.schedules(),
        before + clock.seconds(),
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
    Scenario smaller = smaller(given, programs);
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

  // ---- searches, and what a file says of them

  /** A scenario that was changed is another one. */
  private static String subject(CheckMatrix.Case one) {
    int program = ScenarioFile.print(one.scenario()).hashCode();
    return String.format(Locale.ROOT, "%s (%08x)", one.label(), program);
  }

  /** What came of a search in this run and those before. */
  private CheckState.Entry search(CheckMatrix.Case one, CheckState known, SearchClock clock)
      throws IOException {
    String subject = subject(one);
    CheckState.Entry last = known.entry(one.label(), subject);
    if (last != null && last.ending() != Ending.STOPPED) {
      return last;
    }
    Trial<SmallKernel> trial = one.scenario().on(one.format());
    Strategy strategy =
        last == null
            ? orders.strategy(schedulesMax, common.seed()).apply(trial.cpus())
            : known.strategy(last, trial.cpus());
    Exploration found = new Explorer(trial).search(strategy, clock);
    Exploration.Failure failure = found.failure();
    Ending ending = clock.wasOver() ? Ending.STOPPED : Ending.DONE;
    String stopped = ending == Ending.STOPPED ? strategy.position() : "";
    CheckState.Entry entry =
        new CheckState.Entry(
            failure == null ? ending : Ending.FAILED,
            subject,
            found.schedules() + (last == null ? 0 : last.schedules()),
            clock.seconds() + (last == null ? 0 : last.seconds()),
            found.coverage(),
            failure == null ? stopped : failure.schedule(),
            failure == null ? "" : programs(failure));
    known.put(entry);
    return entry;
  }

  private static String programs(Exploration.Failure failure) {
    return String.join(
        PROGRAM_END,
        failure.programs().stream().map(texts -> String.join(OPERATION_END, texts)).toList());
  }

  /** A failure is run again: that tells its steps. */
  private static Exploration exploration(
      CheckMatrix.Case one, CheckState known, CheckState.Entry entry) {
    Exploration.Failure failure = null;
    if (entry.ending() == Ending.FAILED) {
      failure = failure(one, entry);
      if (failure == null) {
        throw known.damaged(entry, "a schedule that does not fail", "the one that did");
      }
    }
    return new Exploration(entry.schedules(), entry.coverage(), failure);
  }

  private static Exploration.@Nullable Failure failure(
      CheckMatrix.Case one, CheckState.Entry entry) {
    try {
      List<List<Operation>> programs = new ArrayList<>();
      for (String program : entry.programs().split(PROGRAM_END, -1)) {
        List<String> texts =
            program.isEmpty() ? List.of() : List.of(program.split(OPERATION_END, -1));
        programs.add(texts.stream().map(Operation::parse).toList());
      }
      Scenario smaller = smaller(one.scenario(), programs);
      return new Explorer(smaller, one.format()).replay(entry.where()).failure();
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  private static Scenario smaller(Scenario given, List<List<Operation>> programs) {
    return new Scenario(given.name(), given.what(), given.backing(), given.isolation(), programs);
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
    List<Supplier<Strategy>> rounds =
        orders.rounds(schedulesMax, common.seed()).stream()
            .<Supplier<Strategy>>map(strategy -> () -> strategy.apply(trial.cpus()))
            .toList();
    return FaultedOrders.search(trial, rounds, PAIRS_MAX, clock);
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
    if (failure != null) {
      out.print(FailureText.of(failure));
      out.print(result.replay());
    }
    out.flush();
  }
}
