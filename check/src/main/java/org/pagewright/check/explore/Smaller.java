package org.pagewright.check.explore;

import java.util.List;
import java.util.Objects;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.check.schedule.Schedule;
import org.pagewright.check.schedule.SharedSteps;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;

/**
 * Makes a failing run smaller: first every failing request and every act goes without which some
 * order still fails, then every switch between CPUs without which this order does.
 */
final class Smaller<W extends World> {
  /** Orders tried for a trial with an act less; those with few preemptions come first. */
  private static final int TRIES = 400;

  private static final int PREEMPTIONS = 2;

  /** Of an act that goes, so many requests may go with it. */
  private static final int REQUESTS_MAX = 8;

  private Runs<W> runs;
  private Schedule schedule;
  private final String oracle;
  private long made;

  /** Starts with a run that fails; {@code oracle} is the property that must go on failing. */
  Smaller(Runs<W> runs, Schedule schedule, String oracle) {
    this.runs = runs;
    this.schedule = schedule;
    this.oracle = oracle;
  }

  Exploration.Failure failure() {
    removeRequests();
    removeActs();
    removeSwitches();
    Trace trace = trace();
    runs.close();
    assert !trace.violations.isEmpty() : "a failing schedule fails again";
    return new Exploration.Failure(
        runs.trial().texts(), prefix() + schedule.text(), trace.rows, trace.violations);
  }

  private String prefix() {
    FailingRequests failing = runs.trial().failing();
    return failing == null ? "" : failing.text();
  }

  /** How many runs it took. */
  long made() {
    return made;
  }

  // ---- failing requests

  private void removeRequests() {
    FailingRequests failing = runs.trial().failing();
    for (int i = failing == null ? -1 : failing.requests().size() - 1; i >= 0; i--) {
      FailingRequests left = Objects.requireNonNull(runs.trial().failing()).without(i);
      boolean isSmaller = failsIn(runs.trial().failing(left));
      assert !isSmaller || left.equals(runs.trial().failing());
    }
  }

  // ---- acts

  private void removeActs() {
    boolean isSmaller = true;
    while (isSmaller) {
      isSmaller = false;
      for (int cpu = 0; cpu < runs.trial().programs().size(); cpu++) {
        for (int i = runs.trial().programs().get(cpu).size() - 1; i >= 0; i--) {
          isSmaller |= removeAct(cpu, i);
        }
      }
    }
  }

  /** Without an act its CPU may make fewer requests before the one that fails. */
  private boolean removeAct(int cpu, int index) {
    Trial<W> fewer = runs.trial().without(cpu, index);
    FailingRequests failing = fewer.failing();
    if (failing == null) {
      return failsIn(fewer);
    }
    for (int by = 0; by < REQUESTS_MAX; by++) {
      FailingRequests earlier = failing.earlier(cpu, by);
      if (earlier != null && failsIn(fewer.failing(earlier))) {
        return true;
      }
    }
    return false;
  }

  /** Goes over to this trial if some order of it fails. */
  private boolean failsIn(Trial<W> trial) {
    Runs<W> fewer = new Runs<>(trial);
    Strategy strategy = new FewPreemptions(PREEMPTIONS);
    for (int i = 0; i < TRIES && strategy.begin(); i++) {
      made++;
      if (fails(fewer.run(strategy))) {
        runs.close();
        runs = fewer;
        schedule = strategy.schedule();
        return true;
      }
    }
    fewer.close();
    return false;
  }

  private boolean fails(List<Violation> found) {
    return found.stream().anyMatch(violation -> violation.oracle().equals(oracle));
  }

  // ---- switches

  private void removeSwitches() {
    for (int at = 0; at < schedule.length(); at++) {
      if (schedule.picks().get(at) != 0) {
        Schedule candidate = schedule.with(at, 0);
        made++;
        schedule = fails(runs.run(candidate.scheduler())) ? candidate : schedule;
      }
    }
    schedule = schedule.trimmed();
  }

  /** Runs it twice: which steps are worth telling is known only at the end. */
  private Trace trace() {
    return trace(runs, schedule);
  }

  static <W extends World> Trace trace(Runs<W> runs, Schedule schedule) {
    SharedSteps shared = new SharedSteps();
    runs.run(new Noting(schedule.scheduler(), shared));
    Trace trace = new Trace(schedule.scheduler(), shared);
    runs.tell(trace);
    return trace;
  }

  /** Notes what is shared. */
  private record Noting(Scheduler scheduler, SharedSteps shared) implements Scheduler {
    @Override
    public int next(Interleaving run, int current, int[] runnable, int count) {
      return scheduler.next(run, current, runnable, count);
    }

    @Override
    public boolean decidesInterrupts() {
      return scheduler.decidesInterrupts();
    }

    @Override
    public void step(int cpu, int kind, long address) {
      shared.note(cpu, kind, address);
    }
  }
}
