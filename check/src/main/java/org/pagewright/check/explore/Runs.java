package org.pagewright.check.explore;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Scheduler;

/** A trial, run again and again, in one world where that can be put back. */
final class Runs<W extends World> implements AutoCloseable {
  private final Trial<W> trial;
  private @Nullable W spare;
  private int[] asked = {};

  Runs(Trial<W> trial) {
    this.trial = trial;
  }

  Trial<W> trial() {
    return trial;
  }

  List<Violation> run(Scheduler scheduler) {
    return run(scheduler, null);
  }

  /** The most requests that the CPU made in a run; 0 if they are not counted. */
  int asked(int cpu) {
    return cpu < asked.length ? asked[cpu] : 0;
  }

  /** One run of which a trace hears; what was found is there, too. */
  void tell(Trace trace) {
    trace.violations = run(trace, trace);
  }

  private List<Violation> run(Scheduler scheduler, @Nullable Trace trace) {
    W reused = spare;
    W world = reused == null ? trial.worlds().get() : reused;
    spare = null;
    boolean isSpare = false;
    try {
      if (trace != null) {
        trace.watch(world);
      }
      List<Violation> found = run(world, scheduler, trace);
      // What hears its events must not hear those of the next run.
      isSpare = trace == null && world.restore();
      return found;
    } finally {
      if (isSpare) {
        spare = world;
      } else {
        world.close();
      }
    }
  }

  private List<Violation> run(W world, Scheduler scheduler, @Nullable Trace trace) {
    FailingRequests failing = trial.failing();
    if (failing == null) {
      return trial.run(world, scheduler, /* isEmptied= */ false);
    }
    FailingRequests.Listener listener = trace == null ? (cpu, number, point) -> {} : trace::failed;
    FailingRequests.Run requests = failing.new Run(world.machine().cpus(), listener);
    world.inject(requests);
    List<Violation> found = trial.run(world, scheduler, /* isEmptied= */ true);
    int[] counts = requests.asked();
    for (int cpu = 0; cpu < counts.length; cpu++) {
      counts[cpu] = Math.max(counts[cpu], asked(cpu));
    }
    asked = counts;
    return found;
  }

  /** The world is not needed any more; another one is made for the next run. */
  @Override
  public void close() {
    W world = spare;
    if (world != null) {
      world.close();
      spare = null;
    }
  }
}
