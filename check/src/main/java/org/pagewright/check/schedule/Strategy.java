package org.pagewright.check.schedule;

import org.pagewright.hardware.cpu.Scheduler;

/** Which orders of steps are tried, one run after the other. */
public interface Strategy extends Scheduler {
  /** Prepares the next run; false when there is none. */
  boolean begin();

  /** What was decided in this run so far. */
  int[] decisions();

  /** The same, to be repeated. */
  default Schedule schedule() {
    return Schedule.of(decisions(), decidesInterrupts());
  }

  /** What the runs so far cover, in words, for a search that ended. */
  String coverage();

  /** Where the search stands between two runs, as one line that continues it. */
  String position();
}
