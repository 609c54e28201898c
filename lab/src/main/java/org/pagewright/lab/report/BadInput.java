package org.pagewright.lab.report;

/**
 * Input that makes no sense: its message says where, what is wrong and what was expected.
 *
 * <p>The command line prints the message as it is and exits with status 3. Readers of a format may
 * have a subclass that knows more.
 */
public class BadInput extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A problem of {@code file} as a whole. */
  public BadInput(String file, String what, String expected) {
    super(file + ": " + what + "; expected " + expected);
  }

  /** A problem at {@code line}, counted from 1. */
  public BadInput(String file, long line, String what, String expected) {
    super(file + ":" + line + ": " + what + "; expected " + expected);
  }

  /** A problem at {@code line} and {@code column}, both counted from 1. */
  public BadInput(String file, long line, int column, String what, String expected) {
    super(file + ":" + line + ":" + column + ": " + what + "; expected " + expected);
  }

  /** A problem whose whole text is {@code message}, such as several lines with one place each. */
  public BadInput(String message) {
    super(message);
  }
}
