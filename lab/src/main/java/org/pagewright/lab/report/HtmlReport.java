package org.pagewright.lab.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.pagewright.lab.stats.Summary;

/**
 * Draws a report as one HTML page that loads nothing: style and charts are inside it, scripts there
 * are none.
 *
 * <p>The page is well-formed XML, so that it can be checked as such. Each chart stands above a
 * table of the numbers it shows.
 */
public final class HtmlReport {

  /** Nothing may be loaded; the one style sheet is in the page. */
  private static final String POLICY = "default-src 'none'; style-src 'unsafe-inline'";

  private final Report report;
  private final Markup page = new Markup();

  private HtmlReport(Report report) {
    this.report = report;
  }

  /** The whole page. */
  public static String of(Report report) {
    HtmlReport html = new HtmlReport(report);
    html.page();
    return "<!DOCTYPE html>\n" + html.page + "\n";
  }

  private void page() {
    page.element(
        "html",
        () -> {
          page.element("head", this::head);
          page.element("body", () -> page.element("main", this::body));
        },
        "lang",
        "en");
  }

  private void head() {
    page.raw("<meta charset=\"utf-8\"/>");
    page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"" + POLICY + "\"/>");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
    page.element("title", "Pagewright: " + report.name());
    page.element("style", () -> page.raw(resource("report.css")));
  }

  private void body() {
    page.element("h1", report.name());
    page.element("p", report.description(), "class", "lead");
    if (!report.findings().isEmpty()) {
      page.element("ul", this::findings, "class", "findings");
    }
    report.comparisons().forEach(this::comparison);
    report.breakdowns().forEach(this::breakdown);
    report.counts().forEach(this::counts);
    settings();
    costs();
    samples();
    page.element(
        "footer",
        () -> {
          page.text("Run it again: ");
          page.element("code", report.command());
          page.text(" (Pagewright " + report.version() + ", configuration " + report.configHash());
          page.text("). All times are simulated cycles, none is wall-clock time.");
        });
  }

  private void findings() {
    for (Finding finding : report.findings()) {
      String level = finding.level().name().toLowerCase(Locale.ROOT);
      page.element(
          "li",
          () -> {
            page.element("b", level);
            page.text(": " + finding.text());
          },
          "class",
          level);
    }
  }

  private void comparison(Comparison comparison) {
    section(
        comparison.metric(),
        "Each dot is one sample; the line is the mean, the band its 95 % interval.",
        () -> {
          page.raw(Charts.dots(comparison));
          table(
              List.of("variant", "samples", "mean", "± 95 %", "min", "max", "Δμ"),
              rows(comparison));
        });
  }

  private static List<List<String>> rows(Comparison comparison) {
    Unit unit = comparison.unit();
    List<List<String>> rows = new ArrayList<>();
    for (Comparison.Series series : comparison.series()) {
      Summary summary = series.summary();
      rows.add(
          List.of(
              series.variant(),
              String.valueOf(summary.samples()),
              unit.format(summary.mean()),
              unit.format(summary.halfWidth95()),
              unit.format(summary.min()),
              unit.format(summary.max()),
              comparison.delta(series)));
    }
    return rows;
  }

  private void breakdown(Breakdown whole) {
    Breakdown breakdown = whole.withoutEmpty();
    section(
        breakdown.title(),
        breakdown.note(),
        () -> {
          page.raw(Charts.bars(breakdown));
          page.element("table", () -> breakdownTable(breakdown));
        });
  }

  private void breakdownTable(Breakdown breakdown) {
    page.element(
        "tr",
        () -> {
          page.element("th", "part");
          breakdown.rows().forEach(row -> page.element("th", row.variant(), "class", "n"));
          page.element("th", "what it is");
        });
    for (int i = 0; i < breakdown.categories().size(); i++) {
      int at = i;
      Breakdown.Category category = breakdown.categories().get(i);
      page.element(
          "tr",
          () -> {
            page.element(
                "td",
                () -> {
                  page.element("span", "", "class", "key c" + at % Charts.COLOURS);
                  page.text(category.name());
                });
            for (Breakdown.Row row : breakdown.rows()) {
              page.element("td", share(breakdown.unit(), row, at), "class", "n");
            }
            page.element("td", category.meaning(), "class", "why");
          });
    }
    page.element(
        "tr",
        () -> {
          page.element("th", "total");
          for (Breakdown.Row row : breakdown.rows()) {
            page.element("th", breakdown.unit().format(row.total()), "class", "n");
          }
          page.element("th", "");
        });
  }

  private static String share(Unit unit, Breakdown.Row row, int category) {
    double value = row.values()[category];
    return value == 0
        ? "-"
        : unit.format(value) + " (" + Unit.PERCENT.format(value / row.total() * 100) + ")";
  }

  private void counts(Counts counts) {
    section(
        counts.title(),
        "Means over the samples.",
        () ->
            page.element(
                "table",
                () -> {
                  page.element(
                      "tr",
                      () -> {
                        page.element("th", "what");
                        counts.variants().forEach(v -> page.element("th", v, "class", "n"));
                        page.element("th", "meaning");
                      });
                  for (Counts.Row row : counts.rows()) {
                    page.element(
                        "tr",
                        () -> {
                          page.element("td", row.name());
                          for (double value : row.values()) {
                            page.element("td", row.unit().format(value), "class", "n");
                          }
                          page.element("td", row.meaning(), "class", "why");
                        });
                  }
                }));
  }

  private void settings() {
    section(
        "Configuration",
        "Every value that the run depended on, and where it came from.",
        () ->
            table(
                List.of("setting", "value", "source"),
                report.settings().stream()
                    .map(s -> List.of(s.name(), s.value(), s.source()))
                    .toList()));
  }

  private void costs() {
    boolean[] numeric = {false, true, true, false, false, false};
    section(
        "Costs: " + report.costTable(),
        "What each primitive costs on this machine, and who says so.",
        () ->
            page.element(
                "table",
                () -> {
                  row(
                      "th",
                      List.of("primitive", "value", "cycles", "kind", "trust", "source"),
                      numeric,
                      "");
                  for (CostLine cost : report.costs()) {
                    row(
                        "td",
                        List.of(
                            cost.primitive(),
                            cost.value(),
                            Unit.COUNT.format(cost.cycles()),
                            cost.kind(),
                            cost.confidence(),
                            cost.source()),
                        numeric,
                        "");
                  }
                },
                "class",
                "wide"));
  }

  private void samples() {
    SampleTable samples = report.samples();
    page.element(
        "details",
        () -> {
          page.element("summary", "Every sample (" + samples.rows().size() + ")");
          List<String> header = new ArrayList<>(List.of("variant", "sample"));
          samples.columns().forEach(column -> header.add(column.name()));
          table(
              header,
              samples.rows().stream()
                  .map(row -> {
                    List<String> cells = new ArrayList<>();
                    cells.add(row.variant());
                    cells.add(String.valueOf(row.sample()));
                    for (int i = 0; i < row.values().length; i++) {
                      cells.add(samples.columns().get(i).unit().format(row.values()[i]));
                    }
                    return cells;
                  })
                  .toList());
        });
  }

  private void section(String title, String note, Runnable content) {
    page.element(
        "section",
        () -> {
          page.element("h2", title);
          if (!note.isEmpty()) {
            page.element("p", note, "class", "note");
          }
          content.run();
        });
  }

  private void table(List<String> header, List<? extends List<String>> rows) {
    boolean[] numeric = new boolean[header.size()];
    for (int i = 0; i < numeric.length; i++) {
      int at = i;
      numeric[i] = i > 0 && rows.stream().allMatch(cells -> isNumber(cells.get(at)));
    }
    page.element(
        "table",
        () -> {
          row("th", header, numeric, "");
          rows.forEach(cells -> row("td", cells, numeric, ""));
        });
  }

  private static boolean isNumber(String cell) {
    return cell.matches("[-+]?[0-9,.]+[A-Za-zµ%]*|-|");
  }

  private void row(String cell, List<String> cells, boolean[] numeric, String kind) {
    page.element(
        "tr",
        () -> {
          for (int i = 0; i < cells.size(); i++) {
            page.element(cell, cells.get(i), kind(numeric[i] ? "n" : ""));
          }
        },
        kind(kind));
  }

  private static String[] kind(String name) {
    return name.isEmpty() ? new String[0] : new String[] {"class", name};
  }

  private static String resource(String name) {
    try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the style sheet " + name + " is missing from this build");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
