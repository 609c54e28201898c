package org.pagewright.faulty;

import java.util.List;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.explore.World;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;

/**
 * A schedule with one preemption, at a step that no other CPU need care about: a CPU takes so many
 * steps, the others go as far as they can, then it goes on.
 *
 * <p>Searches of {@code check.explore} preempt where CPUs use the same address. That a table is
 * given back is no step, so they do not stop who reads one of its entries; this does.
 */
public final class StopsOnce implements Scheduler {
  private final int stopped;
  private final int steps;
  private int taken;

  private StopsOnce(int stopped, int steps) {
    this.stopped = stopped;
    this.steps = steps;
  }

  /**
   * Stops a CPU after each of its steps in turn, until something is found.
   *
   * @param stopped the CPU that is preempted
   * @param stepsMax at least as many as it takes
   */
  public static <W extends World> Search search(
      Search.Subject<W> subject, int stopped, int stepsMax) {
    return (isPlanted, isOver) -> {
      Trial<W> trial = subject.make(isPlanted);
      for (int steps = 0; steps <= stepsMax && !isOver.getAsBoolean(); steps++) {
        StopsOnce schedule = new StopsOnce(stopped, steps);
        List<Violation> found = run(trial, schedule);
        if (!found.isEmpty()) {
          String where = "CPU " + stopped + " stops after step " + steps;
          Failure failure = new Failure(trial.texts(), "", List.of(), found);
          return new Hunt(steps + 1, 0, where, failure);
        }
        if (schedule.taken < steps) {
          return new Hunt(steps + 1, 0, "", null);
        }
      }
      throw new IllegalStateException("a run takes more than " + stepsMax + " steps");
    };
  }

  private static <W extends World> List<Violation> run(Trial<W> trial, StopsOnce schedule) {
    try (W world = trial.worlds().get()) {
      return trial.run(world, schedule, /* isEmptied= */ false);
    }
  }

  @Override
  public int next(Interleaving run, int current, int[] runnable, int count) {
    boolean goesFirst = taken < steps || count == 1;
    for (int i = 0; i < count; i++) {
      if (goesFirst == (runnable[i] == stopped)) {
        return runnable[i];
      }
    }
    return runnable[0];
  }

  @Override
  public void step(int cpu, int kind, long address) {
    taken += cpu == stopped ? 1 : 0;
  }
}
