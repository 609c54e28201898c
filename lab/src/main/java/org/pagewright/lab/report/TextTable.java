package org.pagewright.lab.report;

import java.util.ArrayList;
import java.util.List;

/** A table drawn with {@code +-|}, columns as wide as their widest cell. */
public final class TextTable {

  /** On which side a column's cells stand. */
  public enum Align {
    /** Text. */
    LEFT,
    /** Numbers. */
    RIGHT
  }

  private final List<String> headers = new ArrayList<>();
  private final List<Align> aligns = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();

  /** Adds a column. */
  public TextTable column(String header, Align align) {
    headers.add(header);
    aligns.add(align);
    return this;
  }

  /** Adds a row of as many cells as there are columns. */
  public TextTable row(List<String> cells) {
    if (cells.size() != headers.size()) {
      throw new IllegalArgumentException(
          cells.size() + " cells for " + headers.size() + " columns: " + cells);
    }
    rows.add(List.copyOf(cells));
    return this;
  }

  /** Whether it has no row yet. */
  public boolean isEmpty() {
    return rows.isEmpty();
  }

  /** The table, each line ended by a newline. */
  public String text() {
    int[] widths = new int[headers.size()];
    widen(widths, headers);
    for (List<String> row : rows) {
      widen(widths, row);
    }
    StringBuilder out = new StringBuilder();
    rule(out, widths);
    line(out, widths, headers);
    rule(out, widths);
    for (List<String> row : rows) {
      line(out, widths, row);
    }
    rule(out, widths);
    return out.toString();
  }

  private static void widen(int[] widths, List<String> cells) {
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Math.max(widths[i], width(cells.get(i)));
    }
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }

  private static void rule(StringBuilder out, int[] widths) {
    for (int width : widths) {
      out.append('+').repeat('-', width + 2);
    }
    out.append("+\n");
  }

  private void line(StringBuilder out, int[] widths, List<String> cells) {
    for (int i = 0; i < widths.length; i++) {
      int space = widths[i] - width(cells.get(i));
      boolean right = aligns.get(i) == Align.RIGHT;
      out.append("| ").repeat(' ', right ? space : 0).append(cells.get(i));
      out.repeat(' ', right ? 0 : space).append(' ');
    }
    out.append("|\n");
  }
}
