package org.pagewright.lab.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The {@code pagewright} command. */
@Command(name = "pagewright", mixinStandardHelpOptions = true)
public final class Pagewright {

  private Pagewright() {}

  static CommandLine commandLine() {
    return new CommandLine(new Pagewright());
  }

  /** Runs the command line {@code args} and exits with its status. */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }
}
