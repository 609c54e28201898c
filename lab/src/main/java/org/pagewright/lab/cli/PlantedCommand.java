package org.pagewright.lab.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Violation;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.Json;
import org.pagewright.lab.report.OutputFile;
import org.pagewright.lab.report.TextTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

  /** How a search for a bug ended. */
  enum Verdict {
    FOUND,
    MISSED,
    /** By another checker than the one that must find it, or without the bug. */
    UNEXPECTED
  }

  /** One bug, for JSON. */
  private record Row(
      String name,
      int gallery,
      Verdict result,
      @Nullable String by,
      int schedules,
      double seconds) {}

  /** The whole document. */
  private record Report(List<Row> planted) {}

  @Override
  public Integer call() throws IOException {
    List<Row> rows = chosen().stream().map(PlantedCommand::run).toList();
    Path json = common.json();
    if (json != null && json.toString().equals("-")) {
      common.out().print(Json.text(new Report(rows)));
    } else {
      common.out().print(table(rows));
      if (json != null) {
        OutputFile.print(json, out -> out.print(Json.text(new Report(rows))));
      }
    }
    boolean isFine = rows.stream().allMatch(row -> row.result() == Verdict.FOUND);
    return isFine ? ExitStatus.FINE : ExitStatus.FOUND;
  }

  private List<PlantedBug> chosen() {
    List<PlantedBug> bugs = new ArrayList<>();
    ServiceLoader.load(PlantedBug.class).forEach(bugs::add);
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

  private static Row run(PlantedBug bug) {
    long startNs = System.nanoTime();
    List<Violation> found = bug.run(/* isPlanted= */ true);
    double seconds = (System.nanoTime() - startNs) / NS_PER_SECOND;
    boolean isSilentWithout = bug.run(/* isPlanted= */ false).isEmpty();
    List<String> by = found.stream().map(Violation::oracle).distinct().toList();
    Verdict verdict = Verdict.UNEXPECTED;
    if (by.isEmpty()) {
      verdict = Verdict.MISSED;
    } else if (isSilentWithout && by.equals(List.of(bug.oracle()))) {
      verdict = Verdict.FOUND;
    }
    return new Row(
        bug.name(),
        bug.gallery(),
        verdict,
        by.isEmpty() ? null : String.join(", ", by),
        bug.schedules(),
        seconds);
  }

  private static String table(List<Row> rows) {
    TextTable table =
        new TextTable()
            .column("planted bug", TextTable.Align.LEFT)
            .column("gallery", TextTable.Align.RIGHT)
            .column("result", TextTable.Align.LEFT)
            .column("found by", TextTable.Align.LEFT)
            .column("schedules", TextTable.Align.RIGHT)
            .column("seconds", TextTable.Align.RIGHT);
    for (Row row : rows) {
      String by = row.by();
      table.row(
          List.of(
              row.name(),
              Integer.toString(row.gallery()),
              row.result().name().toLowerCase(Locale.ROOT),
              by == null ? "" : by,
              "<= " + row.schedules(),
              String.format(Locale.ROOT, "%.3f", row.seconds())));
    }
    return table.text();
  }
}
