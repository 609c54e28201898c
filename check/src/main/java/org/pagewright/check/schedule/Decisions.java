package org.pagewright.check.schedule;

import java.util.Arrays;

/** What was decided in one run: each time the place of the chosen CPU among those that could go. */
final class Decisions {
  private int[] picks = new int[64];
  private int count;

  void clear() {
    count = 0;
  }

  /** Notes a decision; returns the CPU that was chosen. */
  int note(int pick, int[] runnable) {
    if (count == picks.length) {
      picks = Arrays.copyOf(picks, 2 * count);
    }
    picks[count++] = pick;
    return runnable[pick];
  }

  /** Notes a decision for {@code cpu}; returns it. */
  int noteCpu(int cpu, int[] runnable) {
    int pick = 0;
    while (runnable[pick] != cpu) {
      pick++;
    }
    return note(pick, runnable);
  }

  int[] picks() {
    return Arrays.copyOf(picks, count);
  }
}
