package org.pagewright.lab.report;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A table drawn with {@code +-|}, columns as wide as their widest cell. Where it would be wider
 * than {@link #WIDTH}, the text of its widest columns goes on in further lines; numbers never
 * break.
 */
public final class TextTable {
  /** Columns of a terminal that a table fits in, if its numbers and words let it. */
  public static final int WIDTH = 100;

  private static final int NARROWEST = 16;

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
    int[] widths = widths();
    StringBuilder out = new StringBuilder();
    rule(out, widths);
    row(out, widths, headers);
    rule(out, widths);
    for (List<String> row : rows) {
      row(out, widths, row);
    }
    rule(out, widths);
    return out.toString();
  }

  private int[] widths() {
    int[] widths = new int[headers.size()];
    widen(widths, headers);
    for (List<String> row : rows) {
      widen(widths, row);
    }
    int most = WIDTH - 1 - 3 * widths.length;
    while (IntStream.of(widths).sum() > most) {
      int widest = widestText(widths);
      if (widest < 0) {
        break;
      }
      widths[widest]--;
    }
    return widths;
  }

  /** The widest column whose text may take more lines, or -1. */
  private int widestText(int[] widths) {
    int widest = -1;
    for (int i = 0; i < widths.length; i++) {
      boolean isText = aligns.get(i) == Align.LEFT && widths[i] > NARROWEST;
      if (isText && (widest < 0 || widths[i] >= widths[widest])) {
        widest = i;
      }
    }
    return widest;
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

  private void row(StringBuilder out, int[] widths, List<String> cells) {
    List<List<String>> columns = new ArrayList<>();
    for (int i = 0; i < widths.length; i++) {
      columns.add(wrapped(cells.get(i), widths[i]));
    }
    int lines = columns.stream().mapToInt(List::size).max().orElse(1);
    for (int line = 0; line < lines; line++) {
      for (int i = 0; i < widths.length; i++) {
        List<String> column = columns.get(i);
        cell(out, line < column.size() ? column.get(line) : "", widths[i], aligns.get(i));
      }
      out.append("|\n");
    }
  }

  private static void cell(StringBuilder out, String text, int width, Align align) {
    int space = width - width(text);
    boolean right = align == Align.RIGHT;
    out.append("| ").repeat(' ', right ? space : 0).append(text);
    out.repeat(' ', right ? 0 : space).append(' ');
  }

  /** A cell's text in lines no wider than its column, broken between words, else inside one. */
  private static List<String> wrapped(String text, int width) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    while (width(rest) > width) {
      int end = rest.offsetByCodePoints(0, width);
      int space = rest.lastIndexOf(' ', end);
      int from = space > 0 && !rest.substring(0, space).isBlank() ? space : end;
      lines.add(rest.substring(0, from));
      rest = rest.substring(from).stripLeading();
    }
    lines.add(rest);
    return lines;
  }
}
