package org.pagewright.hardware.cpu;

import java.util.Arrays;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.tlb.Tlb;

/**
 * What TLBs may do at any time on their own: fill entries for addresses that nobody has accessed,
 * evict entries, hold a large page in parts, remember that an entry was invalid.
 *
 * <p>Every such act is a decision of {@code Choices}, asked at each step of a CPU; alternative 0 is
 * always to do nothing.
 */
public final class Speculation implements StepHook {
  private final Choices choices;
  private final Odds odds;
  private long[] targets = {};

  /**
   * How often things happen: once in so many times that they could; 0 for never. For exhaustive
   * choices use 2.
   *
   * @param evict an entry is evicted at a step
   * @param fill one of the target addresses is translated at a step
   * @param split a large page is held as its smallest part when it is filled
   * @param invalid an invalid entry is remembered, where the core may do so
   */
  public record Odds(int evict, int fill, int split, int invalid) {
    /** Each with the same odds. */
    public static Odds each(int oneIn) {
      return new Odds(oneIn, oneIn, oneIn, oneIn);
    }
  }

  public Speculation(Choices choices, Odds odds) {
    this.choices = choices;
    this.odds = odds;
  }

  /** Adds an address that may be translated speculatively on any CPU. */
  public void target(long va) {
    targets = Arrays.copyOf(targets, targets.length + 1);
    targets[targets.length - 1] = va;
  }

  @Override
  public void step(Cpu cpu, int kind, long address) {
    if (targets.length > 0 && happens(odds.fill, "speculative fill")) {
      int index = choices.pick(targets.length, "speculative fill of");
      cpu.mmu().fillSpeculatively(targets[index]);
    }
    Tlb tlb = cpu.tlb();
    if (odds.evict > 0 && tlb.entryCount() > 0 && happens(odds.evict, "evict")) {
      tlb.evict(choices.pick(tlb.entryCount(), "evict entry"));
    }
  }

  boolean splits() {
    return happens(odds.split, "hold in parts");
  }

  boolean remembersInvalid() {
    return happens(odds.invalid, "remember invalid");
  }

  private boolean happens(int oneIn, String why) {
    return oneIn > 0 && choices.oneIn(oneIn, why);
  }
}
