package org.pagewright.lab.cli;

/** What the exit status of every command means; {@code pagewright help exit-codes} prints it. */
final class ExitStatus {
  static final int FINE = 0;

  /** A check failed, or a difference was found. */
  static final int FOUND = 1;

  /** Wrong usage. */
  static final int USAGE = 2;

  /** Input that makes no sense, or a file that cannot be read or written. */
  static final int BAD_INPUT = 3;

  /** A mistake of Pagewright itself. */
  static final int OUR_BUG = 4;

  private ExitStatus() {}
}
