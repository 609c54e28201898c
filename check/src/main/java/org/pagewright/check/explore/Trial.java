package org.pagewright.check.explore;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.kernel.arch.FaultInjection;

/**
 * What is run again and again: a world made anew for each run, and what its CPUs do there.
 *
 * @param worlds makes a world; each must be like the others
 * @param programs element n is what CPU n does
 * @param failing which requests fail; null to leave that to the worlds
 */
public record Trial<W extends World>(
    Supplier<W> worlds, List<List<Act<W>>> programs, @Nullable FailingRequests failing) {
  /** A run in which nobody can go on, or that does not end. */
  public static final String PROGRESS = "every-cpu-goes-on";

  /** An answer that the operation may not give. */
  public static final String ANSWERS = "legal-answers";

  /** What the model takes for granted is not so. */
  public static final String ASSERTIONS = "assertions-hold";

  /** More than any run takes: one that gets here goes round in circles. */
  private static final long STEPS_MAX = 100_000;

  public Trial {
    programs = programs.stream().map(List::copyOf).toList();
  }

  /** Every request that can be served is served, unless the worlds say otherwise. */
  public Trial(Supplier<W> worlds, List<List<Act<W>>> programs) {
    this(worlds, programs, null);
  }

  /** The same with requests that fail; after each run everything is given back. */
  public Trial<W> failing(FailingRequests requests) {
    return new Trial<>(worlds, programs, requests);
  }

  /** One CPU does something. */
  public static <W extends World> Trial<W> of(Supplier<W> worlds, String text, Act.Body<W> body) {
    return new Trial<>(worlds, List.of(List.of(Act.of(text, body))));
  }

  /** Two CPUs do something. */
  public static <W extends World> Trial<W> ofTwo(Supplier<W> worlds, Act<W> first, Act<W> second) {
    return new Trial<>(worlds, List.of(List.of(first), List.of(second)));
  }

  /** How many CPUs a schedule of it names. */
  public int cpus() {
    return Math.max(2, programs.size());
  }

  /** The same without one act. */
  Trial<W> without(int cpu, int index) {
    List<List<Act<W>>> fewer = new ArrayList<>(programs);
    List<Act<W>> program = new ArrayList<>(programs.get(cpu));
    program.remove(index);
    fewer.set(cpu, program);
    return new Trial<>(worlds, fewer, failing);
  }

  /** What each CPU does, in words. */
  public List<List<String>> texts() {
    return programs.stream().map(acts -> acts.stream().map(Act::text).toList()).toList();
  }

  /** Errors are the last numbers below zero; addresses may be negative, too. */
  private static final long LARGEST_ERRNO = 4095;

  /**
   * Runs the programs in a world and looks at it at the end.
   *
   * @param isEmptied whether everything is given back before the last look
   * @return what was found
   */
  public List<Violation> run(W world, Scheduler scheduler, boolean isEmptied) {
    Interleaving run = new Interleaving(world.machine(), scheduler, STEPS_MAX);
    List<Violation> illegal = new ArrayList<>();
    for (int id = 0; id < programs.size(); id++) {
      List<Act<W>> program = programs.get(id);
      run.add(world.machine().cpu(id), cpu -> runProgram(world, cpu, program, illegal));
    }
    List<Violation> found = new ArrayList<>();
    Interleaving.Outcome outcome;
    try {
      outcome = run.run();
    } catch (AssertionError | IllegalStateException e) {
      found.addAll(world.violations());
      found.add(new Violation(ASSERTIONS, /* cpu= */ -1, e + at(e)));
      return found;
    }
    if (outcome.ending() == Interleaving.Ending.STOPPED) {
      found.addAll(world.violations());
    } else if (outcome.ending() != Interleaving.Ending.FINISHED) {
      found.addAll(world.violations());
      found.add(new Violation(PROGRESS, /* cpu= */ -1, why(outcome)));
    } else {
      world.inject(FaultInjection.NONE);
      found.addAll(world.inspect());
      if (isEmptied && found.isEmpty()) {
        found.addAll(world.inspectEmptied());
      }
    }
    found.addAll(illegal);
    return found;
  }

  /** Where it was thrown, for those who know the model. */
  private static String at(Throwable thrown) {
    StackTraceElement[] frames = thrown.getStackTrace();
    return frames.length == 0 ? "" : ", at " + frames[0];
  }

  private static <W extends World> void runProgram(
      W world, Cpu cpu, List<Act<W>> program, List<Violation> illegal) {
    for (Act<W> act : program) {
      long answer = act.run(world, cpu);
      boolean isError = answer < 0 && answer >= -LARGEST_ERRNO;
      if (isError && !act.mayAnswer((int) -answer)) {
        illegal.add(new Violation(ANSWERS, cpu.id(), act.text() + " answered " + answer));
      }
    }
  }

  private static String why(Interleaving.Outcome outcome) {
    return outcome.ending() == Interleaving.Ending.DEADLOCK
        ? outcome.report().replace("\n", "; ")
        : "no end after " + outcome.steps() + " steps";
  }
}
