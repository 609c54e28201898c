package org.pagewright.check.kpkeys;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.kpkeys.KpkeysConfig;

/**
 * Every short history of a small machine, breadth first, and every schedule of two CPUs with one
 * preemption.
 */
public final class SplitSearch {
  private static final long STEPS_MAX = 400_000;

  /** What two CPUs do at once. */
  private static final List<SplitOperation> AT_ONCE =
      List.of(SplitOperation.TAKE, SplitOperation.PAGE, SplitOperation.BOTH_ENDS);

  /** Where they begin. */
  private static final List<List<SplitOperation>> BEGINNINGS =
      List.of(
          List.of(SplitOperation.DRAIN),
          List.of(SplitOperation.DRAIN, SplitOperation.HOG),
          List.of(SplitOperation.DRAIN, SplitOperation.SCATTER));

  private final PteFormat format;
  private final KpkeysConfig config;
  private final boolean collapses;
  private final Set<String> states = new HashSet<>();
  private long histories;
  private int depthMax;
  private long fewestKept = Long.MAX_VALUE;
  private long refused;
  private long broken;
  private String example = "";

  /** A search of one design on one architecture. */
  public SplitSearch(PteFormat format, KpkeysConfig config, boolean collapses) {
    this.format = format;
    this.config = config;
    this.collapses = collapses;
  }

  /**
   * Runs histories of up to {@code operations} operations on one CPU, after boot and after the
   * cache was drained. A state that was seen before is not gone on from; a broken one neither.
   */
  public SplitFindings histories(int operations) {
    Deque<List<SplitOperation>> open = new ArrayDeque<>();
    open.add(List.of());
    boolean isComplete = true;
    while (!open.isEmpty()) {
      List<SplitOperation> history = open.remove();
      boolean isDrained = !history.isEmpty() && history.getFirst() == SplitOperation.DRAIN;
      if (history.size() == operations + (isDrained ? 1 : 0)) {
        isComplete = false;
        continue;
      }
      for (SplitOperation next : SplitOperation.values()) {
        List<SplitOperation> longer = new ArrayList<>(history);
        longer.add(next);
        if (run(longer)) {
          open.add(longer);
        }
      }
    }
    return findings(isComplete);
  }

  /** Runs a history; true if it ends in a sound state that is new. */
  private boolean run(List<SplitOperation> history) {
    try (SplitWorld world = new SplitWorld(format, config, collapses)) {
      Cpu cpu = world.machine().cpu(0);
      for (SplitOperation operation : history) {
        world.run(cpu, operation);
      }
      boolean isSound = note(world, text(history), "");
      return isSound && states.add(world.state());
    }
  }

  /** Runs pairs of operations on two CPUs, CPU 0 stopped before each of its locks in turn. */
  public SplitFindings schedules() {
    for (List<SplitOperation> beginning : BEGINNINGS) {
      for (SplitOperation first : AT_ONCE) {
        for (SplitOperation second : AT_ONCE) {
          runPairs(beginning, first, second);
        }
      }
    }
    return findings(/* isComplete= */ true);
  }

  private void runPairs(
      List<SplitOperation> beginning, SplitOperation first, SplitOperation second) {
    int locks = 0;
    while (runPair(beginning, first, second, locks)) {
      locks++;
    }
  }

  /** Runs one schedule; false if CPU 0 has fewer locks than that. */
  private boolean runPair(
      List<SplitOperation> beginning, SplitOperation first, SplitOperation second, int locks) {
    try (SplitWorld world = new SplitWorld(format, config, collapses)) {
      for (SplitOperation operation : beginning) {
        world.run(world.machine().cpu(0), operation);
      }
      StopsAtLock scheduler = new StopsAtLock(locks);
      Interleaving run = new Interleaving(world.machine(), scheduler, STEPS_MAX);
      run.add(world.machine().cpu(0), cpu -> world.run(cpu, first));
      run.add(world.machine().cpu(1), cpu -> world.run(cpu, second));
      Interleaving.Outcome outcome = run.run();
      String where =
          "%s; then at once %s and, after lock %d, %s"
              .formatted(text(beginning), first.text(), locks, second.text());
      boolean isFinished = outcome.ending() == Interleaving.Ending.FINISHED;
      note(world, where, isFinished ? "" : outcome.ending() + " " + outcome.report());
      return scheduler.hasStopped;
    }
  }

  private boolean note(SplitWorld world, String history, String ending) {
    histories++;
    depthMax = Math.max(depthMax, world.hardened().kernel().directMap().splitDepthMax());
    fewestKept = Math.min(fewestKept, world.hardened().pages().keptPagesMin());
    refused += world.refused() > 0 ? 1 : 0;
    List<Violation> found = world.inspect();
    if (found.isEmpty() && ending.isEmpty()) {
      return true;
    }
    if (broken++ == 0) {
      String what = ending.isEmpty() ? found.getFirst().what() : ending;
      example = history + ": " + what;
    }
    return false;
  }

  private static String text(List<SplitOperation> history) {
    return history.stream().map(SplitOperation::text).collect(Collectors.joining("; "));
  }

  private SplitFindings findings(boolean isComplete) {
    return new SplitFindings(
        histories, states.size(), isComplete, depthMax, fewestKept, refused, broken, example);
  }

  /** CPU 0 runs up to one of its locks, then CPU 1 as far as it can, then CPU 0. */
  private static final class StopsAtLock implements Scheduler {
    private int locksLeft;
    private boolean hasStopped;

    StopsAtLock(int locks) {
      this.locksLeft = locks;
    }

    @Override
    public int next(Interleaving run, int current, int[] runnable, int count) {
      int low = Math.min(runnable[0], runnable[count - 1]);
      int high = Math.max(runnable[0], runnable[count - 1]);
      boolean isLock = current == 0 && run.nextKind(0) == Step.LOCK;
      if (!hasStopped && isLock && locksLeft-- == 0) {
        hasStopped = true;
      }
      return hasStopped ? high : low;
    }
  }
}
