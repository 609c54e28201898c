package org.pagewright.lab.trace;

/** Why an allocation was not predicted; {@code docs/models/page-allocator.md} explains each. */
public enum MissCause {
  /** The frame lay where nothing told us the order: on a list that held it before the trace. */
  UNKNOWN_INITIAL_ORDER("unknown initial order: it lay on a list from before the trace"),

  /** Something took or gave back frames without an event. */
  UNSEEN_EVENT("unseen event: frames moved without an event"),

  /** The kernel went to another zone, by counters that a timer folds without an event. */
  ZONE_CHOICE("zone choice: the kernel went to another zone"),

  /** Two CPUs took the zone's lock in another order than their lines stand in. */
  CPU_ORDER("CPU order: two CPUs took the zone lock in another order"),

  /** The rules of another version than the recorded kernel's were asked for. */
  OTHER_RULES("other rules: the recorded kernel is of another version"),

  /** Everything was known, and the model still answered something else. */
  OUR_BUG("our bug: all was known");

  private final String text;

  MissCause(String text) {
    this.text = text;
  }

  /** The cause in words. */
  public String text() {
    return text;
  }
}
