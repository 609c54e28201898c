package org.pagewright.hardware.cpu;

import org.pagewright.hardware.choice.Choices;

/** Decides which CPU goes on at a step of an {@link Interleaving}. */
@FunctionalInterface
public interface Scheduler {
  /**
   * Picks one of the CPUs that can go on.
   *
   * @param run tells what each CPU is about to do
   * @param current the CPU that has just stopped, or {@link CpuMask#NONE} at the start
   * @param runnable CPU numbers; {@code current} comes first if it can go on, the rest ascend
   * @param count how many of {@code runnable} count
   * @return a CPU number, or {@link CpuMask#NONE} to stop the run
   */
  int next(Interleaving run, int current, int[] runnable, int count);

  /**
   * Whether it also decides when calls of other CPUs come in. A CPU that may take one is then
   * listed once more, as its number plus the number of CPUs. Else calls come in with the next step.
   */
  default boolean decidesInterrupts() {
    return false;
  }

  /** Sees every step that is taken, also where there is nothing to pick. */
  default void step(int cpu, int kind, long address) {}

  /** Asks {@code choices} at every step; alternative 0 lets the current CPU go on. */
  static Scheduler of(Choices choices) {
    return of(choices, /* decidesInterrupts= */ false);
  }

  /** The same, also about when calls of other CPUs come in if so wanted. */
  static Scheduler of(Choices choices, boolean decidesInterrupts) {
    return new Scheduler() {
      @Override
      public int next(Interleaving run, int current, int[] runnable, int count) {
        return runnable[choices.pick(count, "next cpu")];
      }

      @Override
      public boolean decidesInterrupts() {
        return decidesInterrupts;
      }
    };
  }
}
