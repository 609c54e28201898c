package org.pagewright.lab.experiment.suite;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.compact.PageMover;

/**
 * Blocks whose users do not mind where they lie: all that is known of a block is where it is.
 *
 * <p>Moving one costs the copy and what the allocator does. Left out, because nobody says who maps
 * it: taking it out of page tables, flushing it, and putting it back.
 */
final class MovableFrames implements PageMover {
  private final BitSet firsts = new BitSet();

  void add(long pfn) {
    firsts.set(Math.toIntExact(pfn));
  }

  boolean isEmpty() {
    return firsts.isEmpty();
  }

  /** How many blocks there are. */
  int blocks() {
    return firsts.cardinality();
  }

  @Override
  public boolean detach(@Nullable Cpu cpu, long pfn, int order) {
    boolean isKnown = firsts.get(Math.toIntExact(pfn));
    firsts.clear(Math.toIntExact(pfn));
    return isKnown;
  }

  @Override
  public void attach(@Nullable Cpu cpu, long fromPfn, long toPfn, int order) {
    add(toPfn);
  }
}
