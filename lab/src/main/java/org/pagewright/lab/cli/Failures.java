package org.pagewright.lab.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.report.BadInput;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns whatever ends a command early into one line on standard error and an exit status. */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    err.println(name + ": " + firstLine(e.getMessage()));
    if (!UnmatchedArgumentException.printSuggestions(e, err)) {
      err.println("Try '" + name + " --help'.");
    }
    printTrace(e, args, err);
    return ExitStatus.USAGE;
  }

  @Override
  public int handleExecutionException(
      Exception e, CommandLine command, @Nullable ParseResult parsed) {
    List<String> args = parsed == null ? List.of() : parsed.originalArgs();
    return report(e, args.toArray(new String[0]), command.getErr());
  }

  /** Reports {@code e} and answers the exit status; also for errors that picocli lets through. */
  static int report(Throwable e, String[] args, PrintWriter err) {
    int status = status(e);
    if (e instanceof StandardOutput.ReaderGone) {
      return status;
    }
    if (status == ExitStatus.OUR_BUG) {
      err.println("pagewright: internal error: " + e);
      err.println("This is a bug in Pagewright. Please report the line above, the output of");
      err.println("'pagewright --version' and the command: pagewright " + String.join(" ", args));
      if (!wantsTrace(args)) {
        err.println("With --debug it prints a stack trace, which helps.");
      }
    } else {
      err.println("pagewright: " + message(e));
    }
    printTrace(e, args, err);
    err.flush();
    return status;
  }

  private static int status(Throwable e) {
    return switch (e) {
      case StandardOutput.ReaderGone gone -> ExitStatus.FINE;
      case BadInput bad -> ExitStatus.BAD_INPUT;
      case IOException failed -> ExitStatus.BAD_INPUT;
      case UncheckedIOException failed -> ExitStatus.BAD_INPUT;
      default -> ExitStatus.OUR_BUG;
    };
  }

  private static String message(Throwable e) {
    return switch (e) {
      case UncheckedIOException wrapped when wrapped.getCause() instanceof FileSystemException f ->
          message(f);
      case NoSuchFileException file ->
          file.getFile() + ": " + reason(file, "no such file") + "; expected one that exists";
      case AccessDeniedException file -> file.getFile() + ": " + reason(file, "permission denied");
      case FileSystemException file -> file.getFile() + ": " + reason(file, "cannot be used");
      default -> e.getMessage() == null ? e.toString() : e.getMessage();
    };
  }

  private static String reason(FileSystemException e, String otherwise) {
    return e.getReason() == null ? otherwise : e.getReason();
  }

  private static String firstLine(@Nullable String message) {
    return message == null ? "wrong usage" : message.lines().findFirst().orElse("wrong usage");
  }

  private static boolean wantsTrace(String[] args) {
    return Arrays.asList(args).contains("--debug");
  }

  private static void printTrace(Throwable e, String[] args, PrintWriter err) {
    if (wantsTrace(args)) {
      e.printStackTrace(err);
    }
  }
}
