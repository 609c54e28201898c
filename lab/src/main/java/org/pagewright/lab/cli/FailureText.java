package org.pagewright.lab.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.pagewright.check.explore.Exploration;
import org.pagewright.lab.report.TextTable;

/** How a run that broke a property is told: who did what, step by step, and what was violated. */
final class FailureText {
  private static final String INDENT = "  ";

  private FailureText() {}

  /** What each CPU did, a table of its steps if they were noted, and the violations last. */
  static String of(Exploration.Failure failure) {
    StringBuilder out = new StringBuilder();
    List<List<String>> programs = failure.programs();
    for (int cpu = 0; cpu < programs.size(); cpu++) {
      out.append(folded("CPU " + cpu + " did: " + String.join(", ", programs.get(cpu))));
    }
    if (!failure.rows().isEmpty()) {
      out.append(table(failure));
    }
    failure.violations().stream().distinct().forEach(one -> out.append(folded("violated: " + one)));
    return out.toString();
  }

  /** A line, or several where it would be wider than a table may be; what follows is indented. */
  static String folded(String line) {
    StringBuilder out = new StringBuilder();
    String left = line;
    while (left.length() > TextTable.WIDTH) {
      int space = left.lastIndexOf(' ', TextTable.WIDTH);
      if (space <= INDENT.length()) {
        break;
      }
      out.append(left, 0, space).append('\n');
      left = INDENT + left.substring(space + 1);
    }
    return out.append(left).append('\n').toString();
  }

  /** A column for each CPU, a step a row. */
  private static String table(Exploration.Failure failure) {
    int cpus = Math.max(2, failure.programs().size());
    TextTable table = new TextTable();
    for (int cpu = 0; cpu < cpus; cpu++) {
      table.column("CPU " + cpu, TextTable.Align.LEFT);
    }
    for (Exploration.Row row : failure.rows()) {
      List<String> cells = new ArrayList<>(Collections.nCopies(cpus, ""));
      cells.set(row.cpu(), row.what());
      table.row(cells);
    }
    return table.text();
  }
}
