package org.pagewright.faulty.mutation;

/** What instrumented code reports to: how far it has gone, and which mutants it would have met. */
public final class Meter {
  /** A run that goes on for much longer than without the mutant. */
  static final class OutOfSteps extends Error {
    private static final long serialVersionUID = 1L;

    OutOfSteps() {
      super("goes round for much longer than without the change");
    }
  }

  private static long left = Long.MAX_VALUE;
  private static boolean[] reached = new boolean[0];

  private Meter() {}

  /** Code goes back to the beginning of a loop. */
  public static void loop() {
    left--;
    if (left < 0) {
      throw new OutOfSteps();
    }
  }

  /** Code reaches an instruction that a mutant would change. */
  public static void reach(int mutant) {
    reached[mutant] = true;
  }

  /** Lets code go round so often from here on. */
  static void allow(long loops) {
    left = loops;
  }

  /** How often it may still go round. */
  static long left() {
    return left;
  }

  /** Forgets what was reached, of so many mutants. */
  static void forget(int mutants) {
    reached = new boolean[mutants];
  }

  /** Whether a mutant's instruction was reached since. */
  static boolean isReached(int mutant) {
    return reached[mutant];
  }
}
