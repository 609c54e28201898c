package org.pagewright.lab.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Gallery;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.OrderSearch;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Violation;
import org.pagewright.lab.experiment.Nearest;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.TextTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs the planted bugs and says which checker found each. */
@Command(
    name = "planted",
    description = {
      "Runs the planted bugs: which checker found each, after how many schedules.",
      "With names it tells each one's story: the steps of every CPU, and what was violated."
    },
    footer = {
      "",
      "Examples:",
      "  pagewright planted",
      "  pagewright planted secretmem-freed-before-remap",
      "  pagewright planted secretmem-freed-before-remap --explore exhaustive",
      "  pagewright planted --json -"
    })
final class PlantedCommand implements Callable<Integer> {
  private static final double NS_PER_SECOND = 1e9;

  @Mixin private final CommonOptions common = new CommonOptions();
  @Mixin private final OrderOptions orders = new OrderOptions();

  @Parameters(arity = "0..*", paramLabel = "NAME", description = "Planted bugs (default: all).")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--seconds",
      paramLabel = "N",
      converter = CommonOptions.Count.class,
      description = "Stop each search after this time (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

  @Option(
      names = "--schedule",
      paramLabel = "TEXT",
      description = "Run only this schedule, which a story printed, with the bug and without it.")
  private @Nullable String schedule;

  /** How a search for a bug ended. */
  enum Verdict {
    FOUND,
    MISSED,
    /** By another checker than the one that must find it, or without the bug. */
    UNEXPECTED,
    /** A reading of posted code that breaks no property, as its entry says. */
    REFUTED
  }

  /** One bug, for JSON. */
  private record Row(
      String name,
      int gallery,
      String wrong,
      Verdict result,
      @Nullable String by,
      long schedules,
      long faults,
      String where,
      double seconds) {}

  /** The whole document. */
  private record Report(List<Row> planted) {}

  /** What came of looking for one bug. */
  private record Found(PlantedBug bug, Hunt hunt, Hunt without, Verdict verdict, double seconds) {
    private boolean isAsSaid() {
      return verdict == Verdict.FOUND || verdict == Verdict.REFUTED;
    }

    private String by() {
      return hunt.violations().stream()
          .map(Violation::oracle)
          .distinct()
          .collect(Collectors.joining(", "));
    }

    private String result() {
      String name = verdict.name().toLowerCase(Locale.ROOT);
      return switch (verdict) {
        case FOUND -> by();
        case UNEXPECTED -> name + (by().isEmpty() ? ": without the bug" : ": " + by());
        case MISSED, REFUTED -> name;
      };
    }

    private String after() {
      return runs(hunt);
    }

    private static String runs(Hunt of) {
      long runs = of.faults() > 0 ? of.faults() : of.schedules();
      String what = of.faults() > 0 ? "fault" : "schedule";
      return String.format(Locale.ROOT, "%,d %s%s", runs, what, runs == 1 ? "" : "s");
    }

    private Row row() {
      String by = by();
      return new Row(
          bug.name(),
          bug.gallery(),
          bug.wrong(),
          verdict,
          by.isEmpty() ? null : by,
          hunt.schedules(),
          hunt.faults(),
          hunt.where(),
          seconds);
    }
  }

  @Override
  public Integer call() throws IOException {
    common.requireFolder();
    List<PlantedBug> chosen = chosen();
    List<Found> found = new ArrayList<>();
    ProgressLine progress = ProgressLine.ofProcess("planted bug", common.err());
    try (Interruption interruption = new Interruption()) {
      for (PlantedBug bug : chosen) {
        Found one = look(bug, interruption);
        if (interruption.isRequested()) {
          break;
        }
        found.add(one);
        progress.at(found.size(), chosen.size());
      }
      if (!common.isJsonOnly()) {
        common.out().print(names.isEmpty() ? table(found, chosen.size()) : stories(found));
        common.out().flush();
      }
      common.printJson(new Report(found.stream().map(Found::row).toList()));
    }
    return found.stream().allMatch(Found::isAsSaid) ? ExitStatus.FINE : ExitStatus.FOUND;
  }

  private List<PlantedBug> chosen() {
    List<PlantedBug> bugs = all();
    boolean isOrdered = orders.isGiven() || schedule != null;
    if (isOrdered && names.isEmpty()) {
      throw new BadInput("--explore and --schedule are of planted bugs with names; expected some");
    }
    if (names.isEmpty()) {
      return bugs;
    }
    List<PlantedBug> chosen = names.stream().map(name -> named(bugs, name)).toList();
    return isOrdered ? chosen.stream().map(this::ordered).toList() : chosen;
  }

  /** The same bug, looked for in the orders that the user wants. */
  private PlantedBug ordered(PlantedBug bug) {
    if (!(bug.search() instanceof OrderSearch<?> search)) {
      throw new BadInput(
          bug.name()
              + " is not looked for in orders of steps; expected it without --explore and"
              + " --schedule");
    }
    String text = schedule;
    return text == null
        ? bug.by(search.by(orders.strategy(Integer.MAX_VALUE, common.seed())))
        : bug.by((isPlanted, isOver) -> replay(bug, search, isPlanted, text));
  }

  private static Hunt replay(
      PlantedBug bug, OrderSearch<?> search, boolean isPlanted, String text) {
    try {
      return search.replay(isPlanted, text);
    } catch (IllegalArgumentException e) {
      throw new BadInput(bug.name() + ", --schedule: " + e.getMessage());
    }
  }

  private static PlantedBug named(List<PlantedBug> bugs, String name) {
    return bugs.stream()
        .filter(bug -> bug.name().equals(name))
        .findFirst()
        .orElseThrow(() -> {
          List<String> known = bugs.stream().map(PlantedBug::name).toList();
          return new BadInput(
              "no planted bug '"
                  + name
                  + "'; expected one of 'pagewright list planted'"
                  + Nearest.hint(name, known));
        });
  }

  /** Every planted bug on the class path, by number. */
  static List<PlantedBug> all() {
    List<PlantedBug> bugs = new ArrayList<>();
    ServiceLoader.load(Gallery.class).forEach(gallery -> bugs.addAll(gallery.planted()));
    return bugs;
  }

  private Found look(PlantedBug bug, Interruption interruption) {
    long startNs = System.nanoTime();
    Hunt hunt = bug.hunt(/* isPlanted= */ true, until(startNs, interruption));
    long endNs = System.nanoTime();
    Hunt without = bug.hunt(/* isPlanted= */ false, until(endNs, interruption));
    List<String> by = hunt.violations().stream().map(Violation::oracle).distinct().toList();
    Verdict verdict = verdict(bug, by, without.violations().isEmpty());
    return new Found(bug, hunt, without, verdict, (endNs - startNs) / NS_PER_SECOND);
  }

  private BooleanSupplier until(long startNs, Interruption interruption) {
    long limitNs = Duration.ofSeconds(seconds).toNanos();
    return () -> interruption.isRequested() || System.nanoTime() - startNs > limitNs;
  }

  private static Verdict verdict(PlantedBug bug, List<String> by, boolean isSilentWithout) {
    boolean isRefuted = bug.status() == PlantedBug.Status.REFUTED;
    if (by.isEmpty()) {
      return isRefuted && isSilentWithout ? Verdict.REFUTED : Verdict.MISSED;
    }
    boolean isExpected = !isRefuted && isSilentWithout && by.equals(List.of(bug.oracle()));
    return isExpected ? Verdict.FOUND : Verdict.UNEXPECTED;
  }

  private static String table(List<Found> rows, int wanted) {
    TextTable table =
        new TextTable()
            .column("no.", TextTable.Align.RIGHT)
            .column("planted bug", TextTable.Align.LEFT)
            .column("found by", TextTable.Align.LEFT)
            .column("after", TextTable.Align.RIGHT)
            .column("time", TextTable.Align.RIGHT);
    for (Found one : rows) {
      table.row(
          List.of(
              Integer.toString(one.bug().gallery()),
              one.bug().name(),
              one.result(),
              one.after(),
              milliseconds(one)));
    }
    long asSaid = rows.stream().filter(Found::isAsSaid).count();
    String rest = rows.size() == wanted ? "" : ", " + (wanted - rows.size()) + " not looked for";
    return table.text() + asSaid + " of " + rows.size() + " as expected" + rest + "\n";
  }

  private static String stories(List<Found> found) {
    return found.stream().map(PlantedCommand::story).collect(Collectors.joining("\n"));
  }

  private static String story(Found one) {
    PlantedBug bug = one.bug();
    StringBuilder out = new StringBuilder();
    out.append(bug.name()).append(": ").append(bug.wrong()).append('\n');
    out.append("gallery ").append(bug.gallery()).append(", ");
    out.append(bug.status().name().toLowerCase(Locale.ROOT)).append("; ");
    out.append(one.verdict() == Verdict.FOUND ? "found by " : "").append(one.result());
    out.append(" after ").append(one.after()).append(" in ").append(milliseconds(one));
    out.append('\n');
    out.append(FailureText.folded("without it: " + without(one)));
    Exploration.Failure failure = one.hunt().failure();
    if (failure == null) {
      return out.toString();
    }
    if (failure.schedule().isEmpty() && !one.hunt().where().isEmpty()) {
      out.append("where: ").append(one.hunt().where()).append('\n');
    }
    out.append(FailureText.of(failure));
    if (bug.search() instanceof OrderSearch<?>) {
      String replay = "replay: pagewright planted " + bug.name() + " --schedule ";
      out.append(replay).append("'").append(failure.schedule()).append("'\n");
    }
    return out.toString();
  }

  private static String without(Found one) {
    Hunt without = one.without();
    String coverage = without.coverage().isEmpty() ? "" : " (" + without.coverage() + ")";
    boolean isSilent = without.failure() == null;
    return Found.runs(without) + coverage + ", " + (isSilent ? "none failed" : "FAILED");
  }

  private static String milliseconds(Found one) {
    return String.format(Locale.ROOT, "%,d ms", Math.round(one.seconds() * 1000));
  }
}
