package org.pagewright.check.schedule;

import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Interleaving;

/** Orders drawn from a seed: at each decision, any CPU that can go on with the same chance. */
public final class DrawnOrders implements Strategy {
  private final long count;
  private final long seed;
  private final Decisions decisions = new Decisions();
  private SeededChoices choices;
  private long runs;

  /** So many runs; run n has the seed {@code seed + n}. */
  public DrawnOrders(long count, long seed) {
    this(count, seed, 0);
  }

  private DrawnOrders(long count, long seed, long runs) {
    this.count = count;
    this.seed = seed;
    this.runs = runs;
    this.choices = new SeededChoices(seed);
  }

  @Override
  public boolean begin() {
    if (runs == count) {
      return false;
    }
    choices = new SeededChoices(seed + runs++);
    decisions.clear();
    return true;
  }

  @Override
  public int next(Interleaving run, int current, int[] runnable, int cpus) {
    return decisions.note(choices.pick(cpus, "next cpu"), runnable);
  }

  @Override
  public int[] decisions() {
    return decisions.picks();
  }

  @Override
  public String coverage() {
    return "drawn with seed " + seed + (runs == count ? "" : ", stopped early");
  }

  @Override
  public String position() {
    return "drawn " + count + " " + seed + " " + runs;
  }

  static DrawnOrders at(long[] numbers) {
    return new DrawnOrders(numbers[0], numbers[1], numbers[2]);
  }
}
