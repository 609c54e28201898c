package org.pagewright.hardware.choice;

/** The one source of every nondeterministic decision of a run. */
public interface Choices {
  /**
   * Picks one of {@code n} alternatives, numbered from 0, at the decision named {@code why}.
   *
   * <p>With {@code n == 1} the answer is 0 and no implementation consumes or records anything.
   *
   * @throws IllegalArgumentException when {@code n < 1}
   */
  int pick(int n, String why);

  /** Yes or no; no is alternative 0. */
  default boolean flip(String why) {
    return pick(2, why) == 1;
  }

  /** True once in {@code n} times for a seeded source; no is alternative 0. */
  default boolean oneIn(int n, String why) {
    return pick(n, why) == n - 1 && n > 1;
  }

  /** Always the first alternative: the run without surprises. */
  static Choices first() {
    return FirstChoices.INSTANCE;
  }

  /** Rejects a question without alternatives. */
  static void requireAlternatives(int n, String why) {
    if (n < 1) {
      throw new IllegalArgumentException("no alternatives at '" + why + "': " + n);
    }
  }
}
