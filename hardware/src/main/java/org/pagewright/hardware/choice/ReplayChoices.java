package org.pagewright.hardware.choice;

import java.util.Arrays;

/**
 * Answers from a list, then alternative 0 for ever: a recorded run, or a shortened one.
 *
 * <p>Text form: answers separated by commas, {@code 0*12} for twelve times 0, as in {@code
 * 1,0*12,2}; an empty text is the empty list.
 */
public final class ReplayChoices implements Choices {
  /** Longest list that a text may expand to. */
  private static final int MAX_ANSWERS = 10_000_000;

  private final int[] answers;
  private int at;

  public ReplayChoices(int[] answers) {
    this.answers = answers.clone();
  }

  /** Reads the text form. */
  public static ReplayChoices parse(String text) {
    if (text.isBlank()) {
      return new ReplayChoices(new int[0]);
    }
    int[] answers = new int[16];
    int count = 0;
    for (String part : text.split(",", -1)) {
      int star = part.indexOf('*');
      int value = number(star < 0 ? part : part.substring(0, star), part);
      int times = star < 0 ? 1 : number(part.substring(star + 1), part);
      if (times > MAX_ANSWERS - count) {
        throw new IllegalArgumentException("more than " + MAX_ANSWERS + " choices");
      }
      if (count + times > answers.length) {
        answers = Arrays.copyOf(answers, Math.max(2 * answers.length, count + times));
      }
      Arrays.fill(answers, count, count + times, value);
      count += times;
    }
    return new ReplayChoices(Arrays.copyOf(answers, count));
  }

  /** Writes the text form of {@code answers}. */
  public static String format(int[] answers) {
    StringBuilder text = new StringBuilder();
    for (int from = 0, to; from < answers.length; from = to) {
      to = from + 1;
      while (to < answers.length && answers[to] == answers[from]) {
        to++;
      }
      text.append(text.isEmpty() ? "" : ",").append(answers[from]);
      if (to - from > 1) {
        text.append('*').append(to - from);
      }
    }
    return text.toString();
  }

  @Override
  public int pick(int n, String why) {
    Choices.requireAlternatives(n, why);
    if (n == 1 || at == answers.length) {
      return 0;
    }
    int answer = answers[at++];
    if (answer >= n) {
      throw new IllegalArgumentException(
          "choice " + at + " is " + answer + ", but '" + why + "' has " + n + " alternatives");
    }
    return answer;
  }

  /** How many answers of the list were used. */
  public int used() {
    return at;
  }

  /** True once the list is used up and every further answer is 0. */
  public boolean isExhausted() {
    return at == answers.length;
  }

  private static int number(String digits, String part) {
    int value = -1;
    try {
      value = Integer.parseInt(digits.strip());
    } catch (NumberFormatException e) {
      // reported below with the part it stands in
    }
    if (value < 0) {
      throw new IllegalArgumentException(
          "'" + part + "' is no choice; expected a number such as 3 or 3*12");
    }
    return value;
  }
}
