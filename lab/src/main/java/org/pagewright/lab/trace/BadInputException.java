package org.pagewright.lab.trace;

import org.jspecify.annotations.Nullable;

/** Input that cannot be read: where it is, what is wrong and what was expected. */
public final class BadInputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String file;
  private final long line;
  private final int column;

  /** A problem at {@code line} and {@code column}, both from 1, or 0 where there is none. */
  public BadInputException(String file, long line, int column, String what, String expected) {
    this(file, line, column, what, expected, null);
  }

  /** The same, with the failure beneath it. */
  public BadInputException(
      String file, long line, int column, String what, String expected, @Nullable Throwable cause) {
    super(position(file, line, column) + ": " + what + "; expected " + expected, cause);
    this.file = file;
    this.line = line;
    this.column = column;
  }

  /** The file as the user named it. */
  public String file() {
    return file;
  }

  /** The line from 1, or 0 when the problem is the file as a whole. */
  public long line() {
    return line;
  }

  /** The column from 1, or 0 when the problem is the line as a whole. */
  public int column() {
    return column;
  }

  private static String position(String file, long line, int column) {
    return line == 0 ? file : column == 0 ? file + ":" + line : file + ":" + line + ":" + column;
  }
}
