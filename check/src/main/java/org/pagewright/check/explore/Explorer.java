package org.pagewright.check.explore;

import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.ExhaustiveChoices;
import org.pagewright.hardware.choice.ReplayChoices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.paging.PteFormat;

/** Tries orders of the steps of one scenario until one breaks a property. */
public final class Explorer {
  private static final int DECISIONS_MAX = 100_000;

  private final Runs<?> runs;
  private final SharedSteps shared = new SharedSteps();
  private long schedules;

  /** Explores what CPUs do in a world. */
  public <W extends World> Explorer(Trial<W> trial) {
    this.runs = new Runs<>(trial);
  }

  /** Explores a scenario on a kernel whose secret file may have a planted bug. */
  public Explorer(Scenario scenario, PteFormat format, SmallKernel.FileMaker files) {
    this(scenario.on(() -> new SmallKernel(format, files)));
  }

  /** Explores a scenario on the kernel as it is. */
  public Explorer(Scenario scenario, PteFormat format) {
    this(scenario, format, SmallKernel.FileMaker.sound());
  }

  /**
   * Every schedule with at most so many preemptions, those with fewer first.
   *
   * @param isOver asked between schedules; ends the search
   */
  public Exploration exhaust(int preemptionsMax, BooleanSupplier isOver) {
    for (int bound = 0; bound <= preemptionsMax; bound++) {
      ExhaustiveChoices odometer = new ExhaustiveChoices();
      SharedSteps known = new SharedSteps();
      boolean isCut = false;
      boolean hasNext = true;
      while (hasNext) {
        if (isOver.getAsBoolean()) {
          return new Exploration(schedules, "stopped early, at most " + bound, null);
        }
        BoundedScheduler scheduler = new BoundedScheduler(odometer, shared, known, bound);
        if (!run(scheduler).isEmpty()) {
          return failed(scheduler.decisions(), "stopped at the first failure");
        }
        isCut |= scheduler.isCut();
        hasNext = odometer.next();
        if (!hasNext && shared.add(known)) {
          odometer = new ExhaustiveChoices();
          known = new SharedSteps();
          hasNext = true;
          isCut = false;
        }
      }
      if (!isCut) {
        return new Exploration(schedules, "every order", null);
      }
    }
    String coverage = "every order with at most " + preemptionsMax + " preemptions";
    return new Exploration(schedules, coverage, null);
  }

  /** So many schedules, drawn from a seed: at each step that matters any CPU may go on. */
  public Exploration sample(long count, long seed, BooleanSupplier isOver) {
    for (long i = 0; i < count; i++) {
      if (isOver.getAsBoolean()) {
        return new Exploration(schedules, "stopped early, seed " + seed, null);
      }
      SharedSteps known = new SharedSteps();
      BoundedScheduler scheduler =
          new BoundedScheduler(new SeededChoices(seed + i), shared, known, Integer.MAX_VALUE);
      if (!run(scheduler).isEmpty()) {
        return failed(scheduler.decisions(), "stopped at the first failure");
      }
      shared.add(known);
    }
    return new Exploration(schedules, "drawn with seed " + seed, null);
  }

  /**
   * The schedule of a text that a failure gave.
   *
   * @throws IllegalArgumentException when the text does not fit the scenario
   */
  public Exploration replay(String schedule) {
    int[] decisions = parse(schedule);
    Trace trace = trace(decisions);
    schedules++;
    Failure failure =
        trace.violations.isEmpty()
            ? null
            : new Failure(text(decisions), trace.rows, trace.violations);
    return new Exploration(schedules, "the one that was given", failure);
  }

  private int[] parse(String schedule) {
    ReplayChoices choices = ReplayChoices.parse(schedule);
    int[] decisions = new int[DECISIONS_MAX];
    int count = 0;
    while (!choices.isExhausted()) {
      if (count == DECISIONS_MAX) {
        throw new IllegalArgumentException("more than " + DECISIONS_MAX + " choices");
      }
      decisions[count++] = choices.pick(runs.cpus(), "next cpu");
    }
    return Arrays.copyOf(decisions, count);
  }

  private List<Violation> run(Scheduler scheduler) {
    schedules++;
    return runs.run(scheduler, null);
  }

  // ---- what is told of a failure

  private Exploration failed(int[] decisions, String coverage) {
    int[] smaller = shrink(decisions);
    Trace trace = trace(smaller);
    assert !trace.violations.isEmpty() : "a failing schedule fails again";
    Failure failure = new Failure(text(smaller), trace.rows, trace.violations);
    return new Exploration(schedules, coverage, failure);
  }

  /** As a user can hand it back: a schedule without switches is not empty. */
  private static String text(int[] decisions) {
    return decisions.length == 0 ? "0" : ReplayChoices.format(decisions);
  }

  /** Leaves out every switch without which it still fails. */
  private int[] shrink(int[] decisions) {
    int[] smallest = decisions;
    for (int at = 0; at < decisions.length; at++) {
      if (smallest[at] != 0) {
        int[] candidate = smallest.clone();
        candidate[at] = 0;
        smallest = fails(candidate) ? candidate : smallest;
      }
    }
    int length = smallest.length;
    while (length > 0 && smallest[length - 1] == 0) {
      length--;
    }
    return Arrays.copyOf(smallest, length);
  }

  private boolean fails(int[] decisions) {
    return !run(Scheduler.of(new Lenient(decisions))).isEmpty();
  }

  private Trace trace(int[] decisions) {
    Trace trace = new Trace(Scheduler.of(new Lenient(decisions)), shared);
    trace.violations = runs.run(trace, trace);
    return trace;
  }

  /** The trial, run again and again. */
  private record Runs<W extends World>(Trial<W> trial) {
    List<Violation> run(Scheduler scheduler, @Nullable Trace trace) {
      try (W world = trial.worlds().get()) {
        if (trace != null) {
          trace.watch(world);
        }
        return trial.run(world, scheduler, /* isEmptied= */ false);
      }
    }

    int cpus() {
      return Math.max(2, trial.programs().size());
    }
  }

  /** Answers from a list as far as it fits: leaving out a switch changes later questions. */
  private static final class Lenient implements Choices {
    private final int[] answers;
    private int at;

    Lenient(int[] answers) {
      this.answers = answers;
    }

    @Override
    public int pick(int n, String why) {
      if (n == 1 || at == answers.length) {
        return 0;
      }
      return Math.min(answers[at++], n - 1);
    }
  }
}
