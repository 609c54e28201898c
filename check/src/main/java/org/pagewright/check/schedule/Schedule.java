package org.pagewright.check.schedule;

import java.util.Arrays;
import java.util.List;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.ReplayChoices;
import org.pagewright.hardware.cpu.Scheduler;

/**
 * The decisions of one run, to be repeated.
 *
 * <p>Text form: that of {@link ReplayChoices}, after {@code calls:} if it also decides when calls
 * of other CPUs come in.
 *
 * @param picks each time the place of the one that went on among those that could; then 0
 * @param decidesInterrupts whether calls of other CPUs are among those
 */
public record Schedule(List<Integer> picks, boolean decidesInterrupts) {
  private static final String CALLS = "calls:";
  private static final int PICKS_MAX = 100_000;

  public Schedule {
    picks = List.copyOf(picks);
  }

  static Schedule of(int[] picks, boolean decidesInterrupts) {
    return new Schedule(Arrays.stream(picks).boxed().toList(), decidesInterrupts);
  }

  /**
   * Reads the text form.
   *
   * @param cpus of the scenario that it is for
   * @throws IllegalArgumentException when it is none
   */
  public static Schedule parse(String text, int cpus) {
    boolean decidesInterrupts = text.startsWith(CALLS);
    String picks = decidesInterrupts ? text.substring(CALLS.length()) : text;
    ReplayChoices choices = ReplayChoices.parse(picks);
    int[] read = new int[PICKS_MAX];
    int count = 0;
    while (!choices.isExhausted()) {
      if (count == PICKS_MAX) {
        throw new IllegalArgumentException("more than " + PICKS_MAX + " choices");
      }
      read[count++] = choices.pick(decidesInterrupts ? 2 * cpus : cpus, "next cpu");
    }
    return of(Arrays.copyOf(read, count), decidesInterrupts);
  }

  /** As a user can hand it back: a schedule without switches is not empty. */
  public String text() {
    int[] all = picks.stream().mapToInt(Integer::intValue).toArray();
    String text = all.length == 0 ? "0" : ReplayChoices.format(all);
    return decidesInterrupts ? CALLS + text : text;
  }

  /** How many decisions. */
  public int length() {
    return picks.size();
  }

  /** The same with another decision in one place. */
  public Schedule with(int at, int pick) {
    int[] changed = picks.stream().mapToInt(Integer::intValue).toArray();
    changed[at] = pick;
    return of(changed, decidesInterrupts);
  }

  /** The same without the zeros at the end, which mean nothing. */
  public Schedule trimmed() {
    int length = picks.size();
    while (length > 0 && picks.get(length - 1) == 0) {
      length--;
    }
    return new Schedule(picks.subList(0, length), decidesInterrupts);
  }

  /** Repeats it as far as it fits: leaving out a switch changes later questions. */
  public Scheduler scheduler() {
    return Scheduler.of(new Lenient(picks), decidesInterrupts);
  }

  /** Answers from a list as far as it fits, then 0. */
  private static final class Lenient implements Choices {
    private final List<Integer> answers;
    private int at;

    Lenient(List<Integer> answers) {
      this.answers = answers;
    }

    @Override
    public int pick(int n, String why) {
      if (n == 1 || at == answers.size()) {
        return 0;
      }
      return Math.min(answers.get(at++), n - 1);
    }
  }
}
