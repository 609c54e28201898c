package org.pagewright.check.explore;

import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.RecordingChoices;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;

/** Asks for a CPU only where the order matters and preemptions are left. */
final class BoundedScheduler implements Scheduler {
  private final Choices choices;
  private final SharedSteps shared;
  private final SharedSteps known;
  private final int preemptionsMax;
  private final Given given = new Given();
  private final RecordingChoices decisions = new RecordingChoices(given);
  private int preemptions;
  private boolean isCut;

  /**
   * A scheduler for one run.
   *
   * @param shared where CPUs are preempted; not changed, so that runs stay comparable
   * @param known what the steps of this run are added to
   */
  BoundedScheduler(Choices choices, SharedSteps shared, SharedSteps known, int preemptionsMax) {
    this.choices = choices;
    this.shared = shared;
    this.known = known;
    this.preemptionsMax = preemptionsMax;
  }

  @Override
  public int next(Interleaving run, int current, int[] runnable, int count) {
    given.answer = decide(run, current, runnable, count);
    return runnable[decisions.pick(count, "next cpu")];
  }

  private int decide(Interleaving run, int current, int[] runnable, int count) {
    if (runnable[0] != current) {
      return choices.pick(count, "next cpu");
    }
    int kind = run.nextKind(current);
    if (kind == Step.RELAX) {
      return 1 + choices.pick(count - 1, "next cpu");
    }
    if (!shared.isShared(kind, run.nextAddress(current))) {
      return 0;
    }
    if (preemptions == preemptionsMax) {
      isCut = true;
      return 0;
    }
    int answer = choices.pick(count, "next cpu");
    preemptions += answer > 0 ? 1 : 0;
    return answer;
  }

  @Override
  public void step(int cpu, int kind, long address) {
    known.note(cpu, kind, address);
  }

  /** The run as text that replays it with {@link Scheduler#of}. */
  int[] decisions() {
    return decisions.answers();
  }

  /** Whether more preemptions would have allowed more runs. */
  boolean isCut() {
    return isCut;
  }

  /** Answers what was decided already. */
  private static final class Given implements Choices {
    private int answer;

    @Override
    public int pick(int n, String why) {
      return answer;
    }
  }
}
