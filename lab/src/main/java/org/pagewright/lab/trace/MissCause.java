package org.pagewright.lab.trace;

/** Why an allocation was not predicted; {@code docs/models/replay.md} explains each. */
public enum MissCause {
  /** The frame lay where nothing told us the order: on a list that held it before the trace. */
  UNKNOWN_INITIAL_ORDER,

  /** Something took or gave back frames without an event. */
  UNSEEN_EVENT,

  /** The kernel went to another zone, by counters that a timer folds without an event. */
  ZONE_CHOICE,

  /** Two CPUs took the zone's lock in another order than their lines stand in. */
  CPU_ORDER,

  /** Everything was known, and the model still answered something else. */
  OUR_BUG
}
