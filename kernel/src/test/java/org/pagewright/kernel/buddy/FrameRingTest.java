package org.pagewright.kernel.buddy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FrameRingTest {
  private static final int STEPS = 20_000;
  private static final long FRAME_MAX = 0xffff_fffeL;

  private final FrameRing ring = new FrameRing();
  private final List<Long> expected = new ArrayList<>();

  /** Grows past several capacities, shrinks to nothing, and wraps around on the way. */
  @Test
  void ring_anyStepsAtBothEndsAndInside_keepsTheOrderOfAList() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < STEPS; i++) {
      boolean grows = expected.isEmpty() || random.nextInt(100) < (i % 2000 < 1000 ? 70 : 30);
      if (grows) {
        add(FRAME_MAX - i, random.nextBoolean());
      } else {
        take(random);
      }
      assertThat(ring.length()).isEqualTo(expected.size());
      assertThat(ring.isEmpty()).isEqualTo(expected.isEmpty());
    }
    assertThat(ring.toArray()).containsExactly(expected.toArray(Long[]::new));
  }

  private void add(long pfn, boolean toTail) {
    if (toTail) {
      ring.addTail(pfn);
      expected.addLast(pfn);
    } else {
      ring.addHead(pfn);
      expected.addFirst(pfn);
    }
  }

  private void take(SplittableRandom random) {
    switch (random.nextInt(3)) {
      case 0 -> assertThat(ring.removeHead()).isEqualTo(expected.removeFirst());
      case 1 -> assertThat(ring.removeTail()).isEqualTo(expected.removeLast());
      default -> {
        int depth = random.nextInt(expected.size());
        long pfn = expected.remove(depth);
        assertThat(ring.at(depth)).isEqualTo(pfn);
        assertThat(ring.depth(pfn)).isEqualTo(depth);
        ring.remove(pfn);
        assertThat(ring.depth(pfn)).isEqualTo(-1);
      }
    }
  }
}
