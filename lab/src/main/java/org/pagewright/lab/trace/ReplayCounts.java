package org.pagewright.lab.trace;

import java.util.EnumMap;
import java.util.Map;

/** What a replay counts as it goes. */
final class ReplayCounts {
  static final int ORDERS = 11;
  static final int MIGRATETYPES = 8;

  long events;
  long allocations;
  long frees;
  long recordedFailures;
  long ourFailures;
  long predictable;
  long predicted;
  long predictedOfPredictable;

  /** Predictions of frames whose place on a list was taken over from the recorded refills. */
  long predictedAfterFollowedRefill;

  long recordedRefills;
  long ourRefills;
  long recordedDrains;
  long ourDrains;
  long recordedFallbacks;
  long ourFallbacks;
  long differentRefills;
  long differentDrains;
  long invariantChecks;
  final long[] allocationsByOrder = new long[ORDERS];
  final long[] allocationsByType = new long[MIGRATETYPES];
  final Map<MissCause, Long> misses = new EnumMap<>(MissCause.class);

  /** How the replay got back in step, with the number of times. */
  final Map<Repair, Long> repairs = new EnumMap<>(Repair.class);

  /** Ways to get back in step with the recorded kernel. */
  enum Repair {
    /** Our frame went back to where it came from. */
    PUT_BACK("put back the frame that we had picked"),
    /** The kernel's frame came off the same list, with those above it. */
    DROPPED_ABOVE("took as gone the frames above the kernel's on the same list"),
    /** The kernel's frame came off the same list, those above it stayed. */
    KEPT_ABOVE("took the kernel's frame from below others of an interrupted request"),
    /** The kernel's frame came off another per-CPU list. */
    FROM_OTHER_LIST("took the kernel's frame off another per-CPU list"),
    /** The kernel's frame came out of the free lists. */
    FROM_BUDDY("took the kernel's frame out of the free lists"),
    /** The kernel's frame was not free with us. */
    NOT_FREE("took the kernel's frame as given: with us it was not free"),
    /** A freed frame was free already. */
    FREED_TWICE("took a freed frame off its list first: with us it was free"),
    /** A refill was made to be the recorded one. */
    REFILL("made a refill the recorded one"),
    /** A drain was made to be the recorded one. */
    DRAIN("made a drain the recorded one");

    private final String text;

    Repair(String text) {
      this.text = text;
    }

    /** What was done, in words. */
    String text() {
      return text;
    }
  }

  void count(Repair repair, long times) {
    repairs.merge(repair, times, Long::sum);
  }
}
