package org.pagewright.lab.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.pagewright.lab.report.TextTable.Align;
import org.pagewright.lab.stats.Histogram;
import org.pagewright.lab.stats.Summary;

/** Prints a report as text, its comparisons as the cover letters of kernel series do. */
public final class TextReport {

  /** Columns of the histogram, on an axis from zero to the largest sample. */
  private static final int HISTOGRAM_COLUMNS = 22;

  private TextReport() {}

  /** The whole report. */
  public static String of(Report report) {
    StringBuilder out = new StringBuilder();
    for (Comparison comparison : report.comparisons()) {
      out.append("metric: ").append(comparison.metric());
      out.append("   |  test: ").append(report.name()).append('\n');
      out.append(comparison(comparison)).append('\n');
    }
    for (Breakdown breakdown : report.breakdowns()) {
      out.append(breakdown.title()).append('\n').append(breakdown(breakdown));
      out.append(breakdown.note().isEmpty() ? "" : paragraph(breakdown.note())).append('\n');
    }
    for (Counts counts : report.counts()) {
      out.append(counts.title()).append('\n').append(counts(counts)).append('\n');
    }
    for (Finding finding : report.findings()) {
      String level = finding.level().name().toLowerCase(Locale.ROOT);
      out.append(paragraph(level + ": " + finding.text()));
    }
    out.append("seed: ").append(report.seed()).append("   costs: ").append(report.costTable());
    return out.append("\nagain: ").append(report.command()).append('\n').toString();
  }

  /** The table {@code variant, samples, mean, min, histogram, max, Δμ}. */
  public static String comparison(Comparison comparison) {
    TextTable table =
        new TextTable()
            .column("variant", Align.LEFT)
            .column("samples", Align.RIGHT)
            .column("mean", Align.RIGHT)
            .column("min", Align.RIGHT)
            .column("histogram", Align.LEFT)
            .column("max", Align.RIGHT)
            .column("Δμ", Align.LEFT);
    Unit unit = comparison.unit();
    double top = comparison.max();
    for (Comparison.Series series : comparison.series()) {
      Summary summary = series.summary();
      table.row(
          List.of(
              series.variant(),
              String.valueOf(summary.samples()),
              unit.format(summary.mean()),
              unit.format(summary.min()),
              Histogram.of(series.samples(), 0, top, HISTOGRAM_COLUMNS).bars(),
              unit.format(summary.max()),
              comparison.delta(series)));
    }
    return table.text();
  }

  private static String breakdown(Breakdown whole) {
    Breakdown breakdown = whole.withoutEmpty();
    TextTable table = new TextTable().column("part", Align.LEFT);
    breakdown.rows().forEach(row -> table.column(row.variant(), Align.RIGHT));
    for (int i = 0; i < breakdown.categories().size(); i++) {
      List<String> cells = new ArrayList<>(List.of(breakdown.categories().get(i).name()));
      for (Breakdown.Row row : breakdown.rows()) {
        cells.add(cell(breakdown.unit(), row.values()[i], row.total()));
      }
      table.row(cells);
    }
    List<String> totals = new ArrayList<>(List.of("total"));
    for (Breakdown.Row row : breakdown.rows()) {
      totals.add(cell(breakdown.unit(), row.total(), row.total()));
    }
    return table.row(totals).text();
  }

  /** A value with its share, the values of a column below each other. */
  private static String cell(Unit unit, double value, double total) {
    String share = value == 0 ? "" : Unit.PERCENT.format(value / total * 100);
    return (value == 0 ? "-" : unit.format(value)) + " ".repeat(8 - share.length()) + share;
  }

  private static String paragraph(String text) {
    return String.join("\n  ", TextTable.wrapped(text, TextTable.WIDTH - 2)) + "\n";
  }

  private static String counts(Counts counts) {
    TextTable table = new TextTable().column("what", Align.LEFT);
    counts.variants().forEach(variant -> table.column(variant, Align.RIGHT));
    for (Counts.Row row : counts.rows()) {
      List<String> cells = new ArrayList<>(List.of(row.name()));
      for (double value : row.values()) {
        cells.add(row.unit().format(value));
      }
      table.row(cells);
    }
    return table.text();
  }
}
