package org.pagewright.check.schedule;

import java.util.Arrays;

/** Makes a strategy from the text of its position. */
public final class Positions {
  private Positions() {}

  /**
   * Continues where {@link Strategy#position} stood.
   *
   * @throws IllegalArgumentException when the text is no position
   */
  public static Strategy parse(int cpus, String text) {
    String[] words = text.split(" ", -1);
    try {
      return switch (words[0]) {
        case "every-order" -> EveryOrder.at(cpus, text);
        case "preemptions" -> FewPreemptions.at(words);
        case "drawn" -> DrawnOrders.at(numbers(words, 3));
        case "priorities" -> PriorityOrders.at(cpus, numbers(words, 4));
        default -> throw new IllegalArgumentException("no search is called " + words[0]);
      };
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      throw new IllegalArgumentException("not the position of a search: " + e.getMessage(), e);
    }
  }

  private static long[] numbers(String[] words, int count) {
    if (words.length != count + 1) {
      throw new IllegalArgumentException(words[0] + " takes " + count + " numbers");
    }
    return Arrays.stream(words).skip(1).mapToLong(Long::parseLong).toArray();
  }
}
