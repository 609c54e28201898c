package org.pagewright.check.explore;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.schedule.DrawnOrders;
import org.pagewright.check.schedule.EveryOrder;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.check.schedule.Schedule;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.hardware.paging.PteFormat;

/** Tries orders of the steps of one scenario until one breaks a property. */
public final class Explorer {
  private final Runs<?> runs;
  private long schedules;

  /** Explores what CPUs do in a world. */
  public <W extends World> Explorer(Trial<W> trial) {
    this.runs = new Runs<>(trial);
  }

  /** Explores a scenario on a kernel whose secret file may have a planted bug. */
  public Explorer(Scenario scenario, PteFormat format, SmallKernel.FileMaker files) {
    this(scenario.on(() -> new SmallKernel(scenario.options(format), files)));
  }

  /** Explores a scenario on the kernel as it is. */
  public Explorer(Scenario scenario, PteFormat format) {
    this(scenario.on(format));
  }

  /**
   * Every order of steps, those that differ only in steps that commute once.
   *
   * @param isOver asked between schedules; ends the search
   */
  public Exploration exhaust(BooleanSupplier isOver) {
    return search(new EveryOrder(runs.trial().cpus()), isOver);
  }

  /** Every schedule with at most so many preemptions, those with fewer first. */
  public Exploration exhaust(int preemptionsMax, BooleanSupplier isOver) {
    return search(new FewPreemptions(preemptionsMax), isOver);
  }

  /** So many schedules, drawn from a seed: at each decision any CPU may go on. */
  public Exploration sample(long count, long seed, BooleanSupplier isOver) {
    return search(new DrawnOrders(count, seed), isOver);
  }

  /** The schedules of a strategy, until one breaks a property. */
  public Exploration search(Strategy strategy, BooleanSupplier isOver) {
    try {
      while (!isOver.getAsBoolean() && strategy.begin()) {
        schedules++;
        List<Violation> found = runs.run(strategy);
        if (!found.isEmpty()) {
          return failed(runs, strategy.schedule(), found);
        }
      }
      return new Exploration(schedules, strategy.coverage(), null);
    } finally {
      runs.close();
    }
  }

  private <W extends World> Exploration failed(
      Runs<W> failing, Schedule schedule, List<Violation> found) {
    Smaller<W> smaller = new Smaller<>(failing, schedule, found.getFirst().oracle());
    Failure failure = smaller.failure();
    String coverage = "stopped at the first failure, " + smaller.made() + " more made it smaller";
    return new Exploration(schedules, coverage, failure);
  }

  /**
   * The schedule of a text that a failure gave.
   *
   * @throws IllegalArgumentException when the text does not fit the scenario
   */
  public Exploration replay(String text) {
    FailingRequests failing = FailingRequests.parse(text, runs.trial().programs().size());
    return failing == null ? replay(runs, text) : replay(failing(runs, failing), text);
  }

  private static <W extends World> Runs<W> failing(Runs<W> runs, FailingRequests failing) {
    return new Runs<>(runs.trial().failing(failing));
  }

  private Exploration replay(Runs<?> given, String text) {
    Trial<?> trial = given.trial();
    Schedule schedule = Schedule.parse(FailingRequests.scheduleOf(text), trial.cpus());
    Trace trace = Smaller.trace(given, schedule);
    given.close();
    schedules++;
    Failure failure =
        trace.violations.isEmpty()
            ? null
            : new Failure(trial.texts(), text, trace.rows, trace.violations);
    return new Exploration(schedules, "the one that was given", failure);
  }

  /** The most requests that the CPU made in a run, if the trial says which ones fail. */
  public int requests(int cpu) {
    return runs.asked(cpu);
  }
}
