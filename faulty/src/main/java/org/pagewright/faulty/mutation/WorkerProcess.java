package org.pagewright.faulty.mutation;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A worker as its parent sees it. */
final class WorkerProcess implements AutoCloseable {
  /** For starting and for the battery without a mutant. */
  private static final long READY_SECONDS = 600;

  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter orders;
  private final Set<WorkerProcess> all;

  /** Belongs to {@code all} until it is closed, so that others may close it, too. */
  WorkerProcess(Path agent, boolean isSmoke, Set<WorkerProcess> all) {
    this.all = all;
    List<String> command = new ArrayList<>();
    command.add(java());
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx1g",
            "-Xss1m",
            "-ea:org.pagewright...",
            "--enable-native-access=ALL-UNNAMED",
            "--add-exports=java.base/jdk.internal.vm=ALL-UNNAMED",
            "-javaagent:" + agent,
            "-cp",
            ManagementFactory.getRuntimeMXBean().getClassPath(),
            MutationWorker.class.getName(),
            Boolean.toString(isSmoke)));
    try {
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    answers = process.inputReader();
    orders = process.outputWriter();
    all.add(this);
    if (!"ready".equals(answer(READY_SECONDS))) {
      close();
      throw new IllegalStateException("the battery does not run without a mutant, see above");
    }
  }

  /** The java that runs this. */
  private static String java() {
    return ProcessHandle.current()
        .info()
        .command()
        .orElseThrow(() -> new IllegalStateException("the system hides the running java"));
  }

  /** Which mutants each stage reaches, by their numbers. */
  List<int[]> cover() {
    order("cover");
    List<int[]> stages = new ArrayList<>();
    for (String line = mustAnswer(); !line.equals("covered"); line = mustAnswer()) {
      String[] words = line.split("\t", -1);
      int[] mutants = new int[words.length - 1];
      for (int i = 1; i < words.length; i++) {
        mutants[i - 1] = Integer.parseInt(words[i]);
      }
      stages.add(mutants);
    }
    return stages;
  }

  private String mustAnswer() {
    String line = answer(READY_SECONDS);
    if (line == null) {
      throw new IllegalStateException("a worker ended, see above");
    }
    return line;
  }

  /** Whether it ended, as after a mutant that the virtual machine does not survive. */
  boolean isOver() {
    return !process.isAlive();
  }

  /** What the process of one that is over ended with. */
  int status() {
    return process.exitValue();
  }

  /** What becomes of a mutant in some stages; null if there is no answer in time. */
  @Nullable String attempt(int mutant, List<Integer> stages, int seconds) {
    StringBuilder line = new StringBuilder().append(mutant);
    stages.forEach(stage -> line.append(' ').append(stage));
    order(line.toString());
    return answer(seconds);
  }

  private void order(String line) {
    try {
      orders.write(line + "\n");
      orders.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("a worker ended, see above", e);
    }
  }

  private @Nullable String answer(long seconds) {
    CompletableFuture<@Nullable String> line = CompletableFuture.supplyAsync(this::read);
    try {
      return line.get(seconds, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      return null;
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException("no answer of a worker", e);
    }
  }

  private @Nullable String read() {
    try {
      return answers.readLine();
    } catch (IOException e) {
      return null;
    }
  }

  /** Ends it; it is over then. */
  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
    all.remove(this);
  }
}
