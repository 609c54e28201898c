package org.pagewright.lab.mutation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.lab.mutation.MutantResult.Fate;
import org.pagewright.lab.report.TextTable;

/** Results of mutants, counted for each package. */
public final class MutationTable {
  private static final double PERCENT = 100;

  /**
   * A package, or all.
   *
   * @param share killed mutants, as a part of those that were reached
   */
  public record Row(
      String name,
      int mutants,
      int notReached,
      int byOracle,
      int byException,
      int byTimeout,
      int survived,
      double share) {}

  private MutationTable() {}

  /** A row for each package and a last one for all together. */
  public static List<Row> rows(List<MutantResult> results) {
    Map<String, List<MutantResult>> areas = new TreeMap<>();
    for (MutantResult result : results) {
      areas.computeIfAbsent(result.place().area(), _ -> new ArrayList<>()).add(result);
    }
    List<Row> rows = new ArrayList<>();
    areas.forEach((area, some) -> rows.add(row(area, some)));
    rows.add(row("all", results));
    return rows;
  }

  private static Row row(String name, List<MutantResult> results) {
    int killed = (int) results.stream().filter(result -> result.fate().isKilled()).count();
    int reached = results.size() - count(results, Fate.NOT_REACHED);
    return new Row(
        name,
        results.size(),
        count(results, Fate.NOT_REACHED),
        count(results, Fate.ORACLE),
        count(results, Fate.EXCEPTION),
        count(results, Fate.TIMEOUT),
        count(results, Fate.SURVIVED),
        reached == 0 ? 0 : (double) killed / reached);
  }

  private static int count(List<MutantResult> results, Fate fate) {
    return (int) results.stream().filter(result -> result.fate() == fate).count();
  }

  /** The rows as text. */
  public static String text(List<Row> rows) {
    TextTable table = new TextTable().column("package", TextTable.Align.LEFT);
    for (String header :
        List.of("mutants", "not reached", "oracle", "exception", "timeout", "survived", "killed")) {
      table.column(header, TextTable.Align.RIGHT);
    }
    for (Row row : rows) {
      table.row(
          List.of(
              row.name(),
              Integer.toString(row.mutants()),
              Integer.toString(row.notReached()),
              Integer.toString(row.byOracle()),
              Integer.toString(row.byException()),
              Integer.toString(row.byTimeout()),
              Integer.toString(row.survived()),
              String.format(Locale.ROOT, "%.1f %%", PERCENT * row.share())));
    }
    return table.text();
  }
}
