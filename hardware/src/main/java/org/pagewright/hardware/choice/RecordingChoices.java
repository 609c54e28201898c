package org.pagewright.hardware.choice;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Passes every question on and remembers the answers, so that the run can be replayed. */
public final class RecordingChoices implements Choices {
  private final Choices source;
  private int[] answers = new int[64];
  private int[] alternatives = new int[64];
  private final List<String> reasons = new ArrayList<>();

  public RecordingChoices(Choices source) {
    this.source = source;
  }

  @Override
  public int pick(int n, String why) {
    int answer = source.pick(n, why);
    if (n > 1) {
      int count = reasons.size();
      if (count == answers.length) {
        answers = Arrays.copyOf(answers, 2 * count);
        alternatives = Arrays.copyOf(alternatives, 2 * count);
      }
      answers[count] = answer;
      alternatives[count] = n;
      reasons.add(why);
    }
    return answer;
  }

  /** How many decisions were made; forced ones do not count. */
  public int count() {
    return reasons.size();
  }

  /** The answers so far, in order. */
  public int[] answers() {
    return Arrays.copyOf(answers, count());
  }

  /** How many alternatives decision {@code index} had. */
  public int alternatives(int index) {
    return alternatives[index];
  }

  /** The name of decision {@code index}. */
  public String why(int index) {
    return reasons.get(index);
  }

  /** The answers in the text form of {@link ReplayChoices}. */
  public String text() {
    return ReplayChoices.format(answers());
  }

  /** Forgets everything, for the next run. */
  public void clear() {
    reasons.clear();
  }
}
