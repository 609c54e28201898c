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
    int from = 0;
    while (from < widths.length) {
      int end = bandEnd(widths, from);
      band(out, widths, columns(from, end));
      from = end;
    }
    return out.toString();
  }

  /** The column before which a band of columns ends that is to fit a terminal. */
  private static int bandEnd(int[] widths, int from) {
    int room = WIDTH - 1 - (from == 0 ? 0 : widths[0] + 3);
    int end = from;
    while (end < widths.length && widths[end] + 3 <= room) {
      room -= widths[end] + 3;
      end++;
    }
    return Math.max(end, from == 0 ? Math.min(2, widths.length) : from + 1);
  }

  /** Columns of a band: what each row is, the first column says in all bands. */
  private static int[] columns(int from, int end) {
    return from == 0
        ? IntStream.range(0, end).toArray()
        : IntStream.concat(IntStream.of(0), IntStream.range(from, end)).toArray();
  }

  private void band(StringBuilder out, int[] widths, int[] columns) {
    rule(out, widths, columns);
    row(out, widths, columns, headers);
    rule(out, widths, columns);
    for (List<String> row : rows) {
      row(out, widths, columns, row);
    }
    rule(out, widths, columns);
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

  private static void rule(StringBuilder out, int[] widths, int[] columns) {
    for (int column : columns) {
      out.append('+').repeat('-', widths[column] + 2);
    }
    out.append("+\n");
  }

  private void row(StringBuilder out, int[] widths, int[] columns, List<String> cells) {
    List<List<String>> texts = new ArrayList<>();
    for (int column : columns) {
      texts.add(wrapped(cells.get(column), widths[column]));
    }
    int lines = texts.stream().mapToInt(List::size).max().orElse(1);
    for (int line = 0; line < lines; line++) {
      for (int i = 0; i < columns.length; i++) {
        List<String> text = texts.get(i);
        int column = columns[i];
        cell(out, line < text.size() ? text.get(line) : "", widths[column], aligns.get(column));
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

  /** A text in lines no wider than {@code width}, broken between words, else inside one. */
  static List<String> wrapped(String text, int width) {
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
