package org.pagewright.lab.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The {@code pagewright} command: it only holds the others. */
@Command(
    name = "pagewright",
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description = "Runs, checks and measures designs of Linux's memory-isolation machinery.",
    footer = {
      "",
      "Examples:",
      "  pagewright COMMAND --help   what a command takes, with examples",
      "  pagewright help             the topics that are explained at length",
      "  pagewright test             check everything"
    },
    subcommands = {
      RunCommand.class,
      ReplayCommand.class,
      CheckCommand.class,
      PlantedCommand.class,
      MutateCommand.class,
      ImageCommand.class,
      ShowCommand.class,
      ListCommand.class,
      TestCommand.class,
      BenchCommand.class,
      HelpCommand.class,
      GenerateCompletion.class
    })
public final class Pagewright {
  @SuppressWarnings("UnusedVariable") // for picocli only
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Print this help.")
  private boolean help;

  @SuppressWarnings("UnusedVariable") // for picocli only
  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print the version.")
  private boolean version;

  private Pagewright() {}

  /** The command line with its commands and its way to fail, as {@link #main} runs it. */
  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Pagewright());
    CommandLine completion = line.getSubcommands().get("generate-completion");
    assert completion != null : "picocli's own command is one of ours";
    completion
        .getCommandSpec()
        .usageMessage()
        .footer("", "Examples:", "  source <(pagewright generate-completion)   in bash or zsh");
    setHeadings(line);
    Failures failures = new Failures();
    return line.setExecutionExceptionHandler(failures)
        .setParameterExceptionHandler(failures)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false);
  }

  private static void setHeadings(CommandLine line) {
    line.getCommandSpec()
        .usageMessage()
        .descriptionHeading("%n")
        .parameterListHeading("%nParameters:%n")
        .optionListHeading("%nOptions:%n")
        .commandListHeading("%nCommands:%n");
    line.getSubcommands().values().forEach(Pagewright::setHeadings);
  }

  /** Runs {@code args} to the end, flushed output included, and answers the exit status. */
  static int execute(CommandLine line, String... args) {
    try {
      int status = line.execute(args);
      line.getOut().flush();
      return status;
    } catch (Error | RuntimeException e) {
      return Failures.report(e, args, line.getErr());
    } finally {
      line.getErr().flush();
    }
  }

  /** Runs the command line {@code args} and exits with its status. */
  public static void main(String[] args) {
    PrintStream out = StandardOutput.ofProcess();
    System.setOut(out);
    CommandLine line =
        commandLine()
            .setOut(new PrintWriter(out, false, StandardCharsets.UTF_8))
            .setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    int status = execute(line, args);
    // Not System.exit before this: a full disk must not pass for success.
    System.exit(status);
  }
}
