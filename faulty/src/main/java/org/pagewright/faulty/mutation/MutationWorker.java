package org.pagewright.faulty.mutation;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Violation;
import org.pagewright.lab.mutation.MutantResult.Fate;

/**
 * A virtual machine that tries mutants, one after the other, as it is told on its standard input.
 *
 * <p>A mutant replaces the class while nothing runs, and is taken out again, so that everything
 * else stays loaded and compiled. Before the first mutant the battery is run without one: it must
 * be silent, and how often it goes round loops says how often a mutant may.
 */
public final class MutationWorker {
  /** How much longer a mutant may take, in rounds of loops. */
  private static final long TIMES_MAX = 20;

  private static final long LOOPS_MORE = 1_000_000;

  private static @Nullable Instrumentation instrumentation;

  private final Instrumentation machine;
  private final Rewriter rewriter = new Rewriter();
  private final List<Mutant> mutants = Targets.mutants();
  private final List<Stage> stages;
  private final long[] loops;

  private MutationWorker(Instrumentation machine, boolean isSmoke) {
    this.machine = machine;
    this.stages = Battery.stages(isSmoke);
    this.loops = new long[stages.size()];
    machine.addTransformer(rewriter, /* canRetransform= */ true);
  }

  /** Called by the virtual machine before the program. */
  public static void premain(String arguments, Instrumentation given) {
    instrumentation = given;
  }

  /** Serves until its input ends; the argument says whether only the quick stages are run. */
  public static void main(String[] args) throws IOException {
    Instrumentation given = instrumentation;
    if (given == null) {
      throw new IllegalStateException("not started as its own agent");
    }
    MutationWorker worker = new MutationWorker(given, Boolean.parseBoolean(args[0]));
    try (BufferedReader in =
            new BufferedReader(
                new InputStreamReader(
                    new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8));
        PrintStream out =
            new PrintStream(
                new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8)) {
      worker.warmUp();
      out.println("ready");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.equals("cover")) {
          worker.cover(out);
        } else {
          out.println(worker.attempt(line.split(" ", -1)));
        }
      }
    }
  }

  private void warmUp() {
    for (int i = 0; i < stages.size(); i++) {
      Meter.allow(Long.MAX_VALUE);
      List<Violation> found = stages.get(i).run().get();
      if (!found.isEmpty()) {
        throw new IllegalStateException(
            "not silent without a mutant: " + stages.get(i).name() + ": " + found);
      }
      loops[i] = Long.MAX_VALUE - Meter.left();
    }
  }

  // ---- coverage

  /** A line for each stage: the mutants that it reaches. */
  private void cover(PrintStream out) {
    rewriter.watch(mutants);
    List<Class<?>> all = mutants.stream().map(Mutant::type).distinct().map(this::type).toList();
    rewrite(all.toArray(Class<?>[]::new));
    for (Stage stage : stages) {
      Meter.allow(Long.MAX_VALUE);
      Meter.forget(mutants.size());
      List<Violation> found = stage.run().get();
      assert found.isEmpty() : found;
      StringBuilder line = new StringBuilder(stage.name());
      for (int i = 0; i < mutants.size(); i++) {
        if (Meter.isReached(i)) {
          line.append('\t').append(i);
        }
      }
      out.println(line);
    }
    rewriter.watch(List.of());
    rewrite(all.toArray(Class<?>[]::new));
    out.println("covered");
  }

  private Class<?> type(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private void rewrite(Class<?>... types) {
    try {
      machine.retransformClasses(types);
    } catch (UnmodifiableClassException e) {
      throw new IllegalStateException(e);
    }
    Throwable failure = rewriter.takeFailure();
    if (failure != null) {
      throw new IllegalStateException("cannot rewrite " + Arrays.toString(types), failure);
    }
  }

  // ---- mutants

  /** Words: number of the mutant, numbers of the stages. Answers fate, killer and stage. */
  private String attempt(String[] words) {
    Mutant mutant = mutants.get(Integer.parseInt(words[0]));
    List<Integer> chosen = new ArrayList<>();
    for (int i = 1; i < words.length; i++) {
      chosen.add(Integer.valueOf(words[i]));
    }
    rewriter.plant(mutant);
    rewrite(type(mutant.type()));
    try {
      return attempt(chosen);
    } finally {
      rewriter.plant(null);
      rewrite(type(mutant.type()));
    }
  }

  private String attempt(List<Integer> chosen) {
    for (int number : chosen) {
      Stage stage = stages.get(number);
      Meter.allow(loops[number] * TIMES_MAX + LOOPS_MORE);
      Fate fate = Fate.SURVIVED;
      String by = "";
      try {
        List<Violation> found = stage.run().get();
        if (!found.isEmpty()) {
          fate = Fate.ORACLE;
          by = found.getFirst().oracle();
        }
      } catch (Meter.OutOfSteps e) {
        fate = Fate.TIMEOUT;
        by = "too many rounds of a loop";
      } catch (RuntimeException | Error e) {
        boolean isRound = e.getCause() instanceof Meter.OutOfSteps;
        fate = isRound ? Fate.TIMEOUT : Fate.EXCEPTION;
        by = isRound ? "too many rounds of a loop" : e.getClass().getSimpleName();
      }
      if (fate != Fate.SURVIVED) {
        return fate + "\t" + by + "\t" + stage.name();
      }
    }
    return Fate.SURVIVED + "\t\t";
  }
}
