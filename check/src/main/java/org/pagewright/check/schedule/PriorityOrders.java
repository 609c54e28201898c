package org.pagewright.check.schedule;

import java.util.Arrays;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Step;

/**
 * Orders by priorities: the CPU with the highest goes on, and at a few decisions drawn from the
 * seed it becomes the lowest. A bug that needs d orderings is found in one run with a chance of at
 * least 1/(n·k<sup>d-1</sup>), for n CPUs and k decisions (PCT, Burckhardt and others, ASPLOS
 * 2010).
 */
public final class PriorityOrders implements Strategy {
  /** Changes of priority in a run: enough for bugs that need three orderings. */
  private static final int CHANGES = 2;

  private final int cpus;
  private final long count;
  private final long seed;
  private final Decisions decisions = new Decisions();
  private final int[] priorities;
  private final long[] changes = new long[CHANGES];
  private long runs;
  private long longest;
  private long made;
  private int lowest;

  /** So many runs; run n has the seed {@code seed + n}. */
  public PriorityOrders(int cpus, long count, long seed) {
    this(cpus, new long[] {count, seed, 0, 1});
  }

  private PriorityOrders(int cpus, long[] numbers) {
    this.cpus = cpus;
    this.count = numbers[0];
    this.seed = numbers[1];
    this.runs = numbers[2];
    this.longest = numbers[3];
    this.priorities = new int[cpus];
  }

  @Override
  public boolean begin() {
    longest = Math.max(longest, made);
    if (runs == count) {
      return false;
    }
    SeededChoices choices = new SeededChoices(seed + runs++);
    for (int cpu = 0; cpu < cpus; cpu++) {
      int other = choices.pick(cpu + 1, "priority");
      priorities[cpu] = priorities[other];
      priorities[other] = cpu;
    }
    for (int i = 0; i < CHANGES; i++) {
      changes[i] = choices.below(longest);
    }
    lowest = 0;
    made = 0;
    decisions.clear();
    return true;
  }

  @Override
  public int next(Interleaving run, int current, int[] runnable, int able) {
    int best = 0;
    for (int i = 1; i < able; i++) {
      best = priority(run, runnable[i]) > priority(run, runnable[best]) ? i : best;
    }
    long decision = made++;
    if (Arrays.stream(changes).anyMatch(change -> change == decision)) {
      priorities[runnable[best]] = --lowest;
    }
    return decisions.note(best, runnable);
  }

  /** A CPU that spins must let the others go on. */
  private int priority(Interleaving run, int cpu) {
    boolean spins = run.nextKind(cpu) == Step.RELAX;
    return spins ? Integer.MIN_VALUE : priorities[cpu];
  }

  @Override
  public int[] decisions() {
    return decisions.picks();
  }

  @Override
  public String coverage() {
    return "by priorities with seed " + seed + (runs == count ? "" : ", stopped early");
  }

  @Override
  public String position() {
    return "priorities " + count + " " + seed + " " + runs + " " + Math.max(longest, made);
  }

  static PriorityOrders at(int cpus, long[] numbers) {
    return new PriorityOrders(cpus, numbers);
  }
}
