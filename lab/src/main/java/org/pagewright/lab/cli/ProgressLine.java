package org.pagewright.lab.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.pagewright.lab.experiment.Runner;

/**
 * Says how far a run is: a line that rewrites itself on a terminal, a line every ten seconds
 * elsewhere, and nothing for runs that are over before that.
 */
final class ProgressLine implements Runner.Progress {
  private static final long QUIET_NS = Duration.ofSeconds(10).toNanos();
  private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

  private final String what;
  private final PrintWriter err;
  private final boolean terminal;
  private final LongSupplier clock;
  private long startNs;
  private long printedNs;

  /** Counts what {@code what} names, such as samples. */
  ProgressLine(String what, PrintWriter err, boolean terminal, LongSupplier clock) {
    this.what = what;
    this.err = err;
    this.terminal = terminal;
    this.clock = clock;
    this.startNs = clock.getAsLong();
    this.printedNs = startNs;
  }

  /** Progress on the process's standard error. */
  static ProgressLine ofProcess(String what, PrintWriter err) {
    return new ProgressLine(what, err, isTerminal(), System::nanoTime);
  }

  /** A system that cannot tell gets the lines that suit a file. */
  private static boolean isTerminal() {
    try {
      String target = Files.readSymbolicLink(STANDARD_ERROR).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  @Override
  public void at(int done, int all) {
    long instant = clock.getAsLong();
    startNs = done == 0 ? instant : startNs;
    if (terminal) {
      err.print("\r" + text(done, all, instant) + "\u001b[K" + (done == all ? "\r\u001b[K" : ""));
      err.flush();
    } else if (instant - printedNs >= QUIET_NS && done < all) {
      err.println(text(done, all, instant));
      err.flush();
      printedNs = instant;
    }
  }

  private String text(int done, int all, long instant) {
    String line = what + " " + done + " of " + all;
    if (done == 0) {
      return line;
    }
    long leftNs = (instant - startNs) / done * (all - done);
    return line + ", " + Math.round(leftNs / 1e9) + " s left";
  }
}
