package org.pagewright.hardware.choice;

import java.util.Arrays;

/**
 * Visits every combination of answers: an odometer whose digits are the decisions of one run.
 *
 * <p>The first run answers 0 everywhere. {@link #next} advances the last digit that can advance and
 * drops those behind it, since another answer may lead to other questions.
 */
public final class ExhaustiveChoices implements Choices {
  private int[] answers = new int[64];
  private int[] alternatives = new int[64];
  private int count;
  private int at;
  private long runs = 1;

  /** Stands at the first combination. */
  public ExhaustiveChoices() {}

  @Override
  public int pick(int n, String why) {
    if (n <= 1) {
      Choices.requireAlternatives(n, why);
      return 0;
    }
    if (at == count) {
      append(n);
    } else if (alternatives[at] != n) {
      throw new IllegalStateException(
          "run is not deterministic: '"
              + why
              + "' had "
              + alternatives[at]
              + " alternatives, now "
              + n);
    }
    return answers[at++];
  }

  /** Moves to the next combination; false once all were visited. */
  public boolean next() {
    count = at; // a run that stopped early asked no more than this
    at = 0;
    while (count > 0) {
      if (++answers[count - 1] < alternatives[count - 1]) {
        runs++;
        return true;
      }
      count--;
    }
    return false;
  }

  /** Which run this is, from 1. */
  public long runs() {
    return runs;
  }

  /** The answers given so far in this run. */
  public int[] answers() {
    return Arrays.copyOf(answers, at);
  }

  private void append(int n) {
    if (count == answers.length) {
      answers = Arrays.copyOf(answers, 2 * count);
      alternatives = Arrays.copyOf(alternatives, 2 * count);
    }
    answers[count] = 0;
    alternatives[count++] = n;
  }
}
