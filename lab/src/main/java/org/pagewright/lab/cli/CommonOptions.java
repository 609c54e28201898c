package org.pagewright.lab.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.report.BadInput;
import org.pagewright.lab.report.Json;
import org.pagewright.lab.report.OutputFile;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Options that every command takes. */
final class CommonOptions {
  /** When to write colours. */
  enum Color {
    auto,
    always,
    never
  }

  /** Reads how many, or how long: a number that asks for something. */
  static final class Count implements ITypeConverter<Integer> {
    private static final int MOST = 1_000_000_000;

    @Override
    public Integer convert(String text) {
      int count;
      try {
        count = Integer.parseInt(text);
      } catch (NumberFormatException e) {
        count = 0;
      }
      if (count < 1 || count > MOST) {
        throw new TypeConversionException(
            "'" + text + "' is out of range; expected a number from 1 to " + MOST);
      }
      return count;
    }
  }

  // picocli replaces the value by that of the command line or of the default.
  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      converter = SeedConverter.class,
      description = "Seed of every decision, decimal or 0x hex (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Also write the result to FILE as one JSON document; - is standard output.")
  private @Nullable Path json;

  @Option(names = "--debug", description = "Print the stack trace of a failure.")
  private boolean debug;

  @SuppressWarnings("UnusedVariable") // for picocli only
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Print this help.")
  private boolean help;

  @Spec(Spec.Target.MIXEE)
  private @Nullable CommandSpec mixee;

  @Option(
      names = "--color",
      paramLabel = "WHEN",
      description = "Colours: auto (on a terminal without NO_COLOR), always or never.")
  void color(Color when) {
    Ansi ansi =
        switch (when) {
          case auto -> Ansi.AUTO;
          case always -> Ansi.ON;
          case never -> Ansi.OFF;
        };
    command().root().commandLine().setColorScheme(CommandLine.Help.defaultColorScheme(ansi));
  }

  /** The seed to use; the same seed and options give the same bytes. */
  long seed() {
    return seed;
  }

  /** Where the JSON document goes, or null when none is wanted; {@code -} is standard output. */
  @Nullable Path json() {
    return json;
  }

  /** Fails before a long run, and not after it, if there is no folder for the JSON document. */
  void requireFolder() throws IOException {
    requireFolder(json);
  }

  /** Fails if there is no folder for a file that is written at the end; nothing for null. */
  static void requireFolder(@Nullable Path file) throws IOException {
    if (file == null || isOutput(file)) {
      return;
    }
    Path folder = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file) || folder == null || !Files.isDirectory(folder)) {
      throw new BadInput(file.toString(), "cannot be written", "a file in a folder that exists");
    }
  }

  /** Where results are printed. */
  PrintWriter out() {
    return command().commandLine().getOut();
  }

  /** Whether the JSON document takes standard output, so that nothing else may go there. */
  boolean isJsonOnly() {
    return isOutput(json);
  }

  /** Writes the JSON document if one is wanted. */
  void printJson(Object document) throws IOException {
    if (json != null) {
      print(json, Json.text(document));
    }
  }

  /** Prints to a file that a user named, or to standard output; nothing for null. */
  void print(@Nullable Path file, String text) throws IOException {
    if (isOutput(file)) {
      out().print(text);
      out().flush();
    } else if (file != null) {
      OutputFile.print(file, writer -> writer.print(text));
    }
  }

  /** Whether a file that a user named is standard output. */
  static boolean isOutput(@Nullable Path file) {
    return file != null && file.toString().equals("-");
  }

  /** Where progress and complaints are printed. */
  PrintWriter err() {
    return command().commandLine().getErr();
  }

  private CommandSpec command() {
    return Objects.requireNonNull(mixee, "picocli sets the command before it runs");
  }

  /** Whether a failure prints its stack trace. */
  boolean isDebug() {
    return debug;
  }
}
