package org.pagewright.lab.cli;

/** Thrown by a command that exists only as its help so far; exit status 2. */
final class NotBuilt extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NotBuilt(String command) {
    super("'" + command + "' is not built yet in this version; only its --help answers");
  }
}
