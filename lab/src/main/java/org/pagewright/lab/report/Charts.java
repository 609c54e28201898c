package org.pagewright.lab.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.pagewright.lab.stats.Summary;

/** Draws the charts of the page as inline SVG, coloured by the page's style sheet. */
final class Charts {

  private static final int WIDTH = 860;
  private static final int LABELS = 150;
  private static final int RIGHT = 96;
  private static final int PLOT = WIDTH - LABELS - RIGHT;
  private static final int ROW = 46;
  private static final int BAR = 26;
  private static final int AXIS = 34;

  /** How many colours the style sheet has for the parts of a bar. */
  static final int COLOURS = 12;

  private Charts() {}

  /**
   * Every sample as a dot, the mean as a line, its 95 % interval as a band; one row per variant.
   */
  static String dots(Comparison comparison) {
    int rows = comparison.series().size();
    Scale scale = Scale.to(comparison.max(), comparison.unit());
    return svg(
        rows * ROW + AXIS,
        comparison.metric() + " of every sample, by variant",
        svg -> {
          axis(svg, scale, rows * ROW);
          for (int row = 0; row < rows; row++) {
            dotRow(svg, comparison, row, scale);
          }
        });
  }

  private static void dotRow(Markup svg, Comparison comparison, int row, Scale scale) {
    Comparison.Series series = comparison.series().get(row);
    Summary summary = series.summary();
    int middle = row * ROW + ROW / 2;
    label(svg, series.variant(), middle);
    double from = scale.x(Math.max(0, summary.mean() - summary.halfWidth95()));
    double to = scale.x(summary.mean() + summary.halfWidth95());
    svg.empty(
        "rect",
        "class",
        "band",
        "x",
        px(from),
        "y",
        px(middle - 14),
        "width",
        px(Math.max(1, to - from)),
        "height",
        "28");
    for (int i = 0; i < series.samples().length; i++) {
      // Spread over nine lines by index, so that equal samples stay countable.
      double y = middle + (i * 4 % 9 - 4) * 2.6;
      svg.empty(
          "circle", "class", "dot", "cx", px(scale.x(series.samples()[i])), "cy", px(y), "r", "3");
    }
    double x = scale.x(summary.mean());
    line(svg, "mean", x, middle - 17, x, middle + 17);
    svg.element(
        "text",
        comparison.unit().format(summary.mean()),
        "class",
        "value",
        "x",
        px(WIDTH - RIGHT + 8),
        "y",
        px(middle + 4));
  }

  /** One stacked bar per variant on a shared axis. */
  static String bars(Breakdown breakdown) {
    int rows = breakdown.rows().size();
    Scale scale = Scale.to(breakdown.max(), breakdown.unit());
    return svg(
        rows * ROW + AXIS,
        breakdown.title() + ", by variant",
        svg -> {
          axis(svg, scale, rows * ROW);
          for (int row = 0; row < rows; row++) {
            barRow(svg, breakdown, row, scale);
          }
        });
  }

  private static void barRow(Markup svg, Breakdown breakdown, int row, Scale scale) {
    Breakdown.Row values = breakdown.rows().get(row);
    int middle = row * ROW + ROW / 2;
    label(svg, values.variant(), middle);
    double from = 0;
    for (int i = 0; i < values.values().length; i++) {
      double value = values.values()[i];
      double start = scale.x(from);
      from += value;
      if (value <= 0) {
        continue;
      }
      String name = breakdown.categories().get(i).name();
      String tip = values.variant() + ", " + name + ": " + breakdown.unit().format(value);
      svg.element(
          "rect",
          () -> svg.element("title", tip),
          "class",
          "part c" + i % COLOURS,
          "x",
          px(start),
          "y",
          px(middle - BAR / 2.0),
          "width",
          px(Math.max(0.5, scale.x(from) - start)),
          "height",
          px(BAR));
    }
    svg.element(
        "text",
        breakdown.unit().format(values.total()),
        "class",
        "value",
        "x",
        px(WIDTH - RIGHT + 8),
        "y",
        px(middle + 4));
  }

  private static void axis(Markup svg, Scale scale, int bottom) {
    for (double tick : scale.ticks()) {
      double x = scale.x(tick);
      line(svg, "grid", x, 0, x, bottom);
      svg.element("text", scale.label(tick), "class", "tick", "x", px(x), "y", px(bottom + 18));
    }
    line(svg, "axis", LABELS, bottom, LABELS + PLOT, bottom);
  }

  private static void label(Markup svg, String text, int middle) {
    svg.element("text", text, "class", "label", "x", px(LABELS - 10), "y", px(middle + 4));
  }

  private static void line(Markup svg, String kind, double x1, double y1, double x2, double y2) {
    svg.empty("line", "class", kind, "x1", px(x1), "y1", px(y1), "x2", px(x2), "y2", px(y2));
  }

  private static String svg(int height, String title, Consumer<Markup> content) {
    Markup svg = new Markup();
    svg.element(
        "svg",
        () -> {
          svg.element("title", title);
          content.accept(svg);
        },
        "xmlns",
        "http://www.w3.org/2000/svg",
        "viewBox",
        "0 0 " + WIDTH + " " + height,
        "role",
        "img",
        "aria-label",
        title);
    return svg.toString();
  }

  private static String px(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  /** Maps values from zero upwards to the plot, with round ticks in one unit. */
  private record Scale(double top, double step, Unit unit) {

    static Scale to(double max, Unit unit) {
      double base = unit == Unit.BYTES ? 1024 : 10;
      if (max <= 0) {
        return new Scale(1, 1, unit);
      }
      double step = step(max / 6, base);
      return new Scale(Math.ceil(max / step - 1e-9) * step, step, unit);
    }

    private static double step(double rough, double base) {
      if (base == 1024) {
        return Math.pow(2, Math.ceil(Math.log(rough) / Math.log(2)));
      }
      double power = Math.pow(10, Math.floor(Math.log10(rough)));
      double lead = rough / power;
      return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
    }

    double x(double value) {
      return LABELS + value / top * PLOT;
    }

    List<Double> ticks() {
      List<Double> ticks = new ArrayList<>();
      for (int i = 0; i * step <= top * (1 + 1e-9); i++) {
        ticks.add(i * step);
      }
      return ticks;
    }

    String label(double tick) {
      return tick == 0
          ? "0"
          : unit.format(tick)
              .replaceAll("(\\.[0-9]*?)0+(?=[^0-9]|$)", "$1")
              .replaceAll("\\.(?=[^0-9]|$)", "");
    }
  }
}
