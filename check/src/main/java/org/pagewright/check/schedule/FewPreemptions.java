package org.pagewright.check.schedule;

import java.util.Arrays;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Step;

/**
 * Every order with few preemptions, those with fewer first, as CHESS does. A CPU is preempted only
 * before a step that may not be exchanged with a step of another CPU, and where an interrupt may be
 * sent or come in. Waiting is no preemption.
 */
public final class FewPreemptions implements Strategy {
  private final int preemptionsMax;
  private final Decisions decisions = new Decisions();

  /** Where CPUs are preempted; not changed while a bound is searched, so runs stay comparable. */
  private SharedSteps shared = new SharedSteps();

  /** What the runs show meanwhile. */
  private SharedSteps known = new SharedSteps();

  private int bound;
  private boolean isCut;
  private boolean hasBegun;
  private boolean isOver;

  // ---- an odometer of answers

  private int[] answers = new int[64];
  private int[] alternatives = new int[64];
  private int digits;
  private int at;
  private int preemptions;

  /** Stands before the first run, the one without preemptions. */
  public FewPreemptions(int preemptionsMax) {
    this.preemptionsMax = preemptionsMax;
  }

  @Override
  public boolean begin() {
    if (hasBegun && !advance()) {
      isOver = true;
      return false;
    }
    hasBegun = true;
    at = 0;
    preemptions = 0;
    decisions.clear();
    return true;
  }

  private boolean advance() {
    digits = at;
    while (digits > 0) {
      if (++answers[digits - 1] < alternatives[digits - 1]) {
        return true;
      }
      digits--;
    }
    if (shared.add(known)) {
      known = new SharedSteps();
      isCut = false;
      return true;
    }
    if (!isCut || bound == preemptionsMax) {
      return false;
    }
    bound++;
    isCut = false;
    return true;
  }

  @Override
  public int next(Interleaving run, int current, int[] runnable, int count) {
    return decisions.note(decide(run, current, runnable, count), runnable);
  }

  private int decide(Interleaving run, int current, int[] runnable, int count) {
    if (runnable[0] != current) {
      return pick(count);
    }
    shared.setFormat(run.format());
    int kind = run.nextKind(current);
    if (kind == Step.RELAX) {
      return 1 + pick(count - 1);
    }
    if (!shared.isShared(kind, run.nextAddress(current))) {
      return 0;
    }
    if (preemptions == bound) {
      isCut = true;
      return 0;
    }
    int answer = pick(count);
    preemptions += answer > 0 ? 1 : 0;
    return answer;
  }

  private int pick(int count) {
    if (count == 1) {
      return 0;
    }
    if (at == digits) {
      append(count);
    } else if (alternatives[at] != count) {
      throw new RunsDiffer();
    }
    return answers[at++];
  }

  private void append(int count) {
    if (digits == answers.length) {
      answers = Arrays.copyOf(answers, 2 * digits);
      alternatives = Arrays.copyOf(alternatives, 2 * digits);
    }
    answers[digits] = 0;
    alternatives[digits++] = count;
  }

  @Override
  public void step(int cpu, int kind, long address) {
    known.note(cpu, kind, address);
  }

  @Override
  public int[] decisions() {
    return decisions.picks();
  }

  @Override
  public String coverage() {
    if (!isOver) {
      return "stopped early, at most " + bound + " preemptions";
    }
    return isCut
        ? "every order with at most " + preemptionsMax + " preemptions"
        : "every order of steps that meet";
  }

  @Override
  public String position() {
    StringBuilder text = new StringBuilder("preemptions ");
    text.append(preemptionsMax).append(' ').append(bound).append(' ').append(isCut ? 1 : 0);
    text.append(' ').append(shared.text()).append(' ').append(known.text());
    for (int i = 0; hasBegun && i < at; i++) {
      text.append(' ').append(answers[i]).append('/').append(alternatives[i]);
    }
    return text.toString();
  }

  static FewPreemptions at(String[] words) {
    FewPreemptions few = new FewPreemptions(Integer.parseInt(words[1]));
    few.bound = Integer.parseInt(words[2]);
    few.isCut = words[3].equals("1");
    few.shared = SharedSteps.parse(words[4]);
    few.known = SharedSteps.parse(words[5]);
    for (int i = 6; i < words.length; i++) {
      int slash = words[i].indexOf('/');
      few.append(Integer.parseInt(words[i].substring(slash + 1)));
      few.answers[few.digits - 1] = Integer.parseInt(words[i].substring(0, Math.max(0, slash)));
    }
    few.at = few.digits;
    few.hasBegun = few.digits > 0;
    return few;
  }
}
