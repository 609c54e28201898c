package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Gallery;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Violation;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.Json;
import org.pagewright.lab.report.OutputFile;
import org.pagewright.lab.report.TextTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs the planted bugs and says which checker found each. */
@Command(
    name = "planted",
    description = "Runs the planted bugs: which checker found each, after how many schedules.",
    footer = {"", "Examples:", "  pagewright planted", "  pagewright planted --json -"})
final class PlantedCommand implements Callable<Integer> {
  private static final double NS_PER_SECOND = 1e9;

  @Mixin private final CommonOptions common = new CommonOptions();

  @Parameters(arity = "0..*", paramLabel = "NAME", description = "Planted bugs (default: all).")
  private List<String> names = new ArrayList<>();

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description = "Stop each search after this time (default: ${DEFAULT-VALUE}).")
  private int seconds = 60;

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
      Verdict result,
      @Nullable String by,
      long schedules,
      long faults,
      double seconds) {
    private boolean isAsSaid() {
      return result == Verdict.FOUND || result == Verdict.REFUTED;
    }
  }

  /** The whole document. */
  private record Report(List<Row> planted) {}

  @Override
  public Integer call() throws IOException {
    List<Row> rows = chosen().stream().map(this::run).toList();
    Path json = common.json();
    if (json != null && json.toString().equals("-")) {
      common.out().print(Json.text(new Report(rows)));
    } else {
      common.out().print(table(rows));
      if (json != null) {
        OutputFile.print(json, out -> out.print(Json.text(new Report(rows))));
      }
    }
    boolean isFine = rows.stream().allMatch(Row::isAsSaid);
    return isFine ? ExitStatus.FINE : ExitStatus.FOUND;
  }

  private List<PlantedBug> chosen() {
    List<PlantedBug> bugs = all();
    if (names.isEmpty()) {
      return bugs;
    }
    return names.stream().map(name -> named(bugs, name)).toList();
  }

  private static PlantedBug named(List<PlantedBug> bugs, String name) {
    return bugs.stream()
        .filter(bug -> bug.name().equals(name))
        .findFirst()
        .orElseThrow(() -> {
          List<String> known = bugs.stream().map(PlantedBug::name).toList();
          return new BadInput(
              "no planted bug '" + name + "'; expected one of " + String.join(", ", known));
        });
  }

  /** Every planted bug on the class path, by number. */
  static List<PlantedBug> all() {
    List<PlantedBug> bugs = new ArrayList<>();
    ServiceLoader.load(Gallery.class).forEach(gallery -> bugs.addAll(gallery.planted()));
    return bugs;
  }

  private Row run(PlantedBug bug) {
    long startNs = System.nanoTime();
    Hunt hunt = bug.hunt(/* isPlanted= */ true, until(startNs));
    long endNs = System.nanoTime();
    Hunt without = bug.hunt(/* isPlanted= */ false, until(endNs));
    List<String> by = hunt.violations().stream().map(Violation::oracle).distinct().toList();
    return new Row(
        bug.name(),
        bug.gallery(),
        verdict(bug, by, without.violations().isEmpty()),
        by.isEmpty() ? null : String.join(", ", by),
        hunt.schedules(),
        hunt.faults(),
        (endNs - startNs) / NS_PER_SECOND);
  }

  private BooleanSupplier until(long startNs) {
    long limitNs = Duration.ofSeconds(seconds).toNanos();
    return () -> System.nanoTime() - startNs > limitNs;
  }

  private static Verdict verdict(PlantedBug bug, List<String> by, boolean isSilentWithout) {
    boolean isRefuted = bug.status() == PlantedBug.Status.REFUTED;
    if (by.isEmpty()) {
      return isRefuted && isSilentWithout ? Verdict.REFUTED : Verdict.MISSED;
    }
    boolean isExpected = !isRefuted && isSilentWithout && by.equals(List.of(bug.oracle()));
    return isExpected ? Verdict.FOUND : Verdict.UNEXPECTED;
  }

  private static String table(List<Row> rows) {
    TextTable table =
        new TextTable()
            .column("planted bug", TextTable.Align.LEFT)
            .column("gallery", TextTable.Align.RIGHT)
            .column("result", TextTable.Align.LEFT)
            .column("found by", TextTable.Align.LEFT)
            .column("schedules", TextTable.Align.RIGHT)
            .column("faults", TextTable.Align.RIGHT)
            .column("seconds", TextTable.Align.RIGHT);
    for (Row row : rows) {
      String by = row.by();
      table.row(
          List.of(
              row.name(),
              Integer.toString(row.gallery()),
              row.result().name().toLowerCase(Locale.ROOT),
              by == null ? "" : by,
              Long.toString(row.schedules()),
              Long.toString(row.faults()),
              String.format(Locale.ROOT, "%.3f", row.seconds())));
    }
    return table.text();
  }
}
