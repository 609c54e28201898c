package org.pagewright.lab.report;

/** Something that a run says in words. */
public record Finding(Level level, String text) {

  /** How much it matters. */
  public enum Level {
    /** Needed to read the numbers. */
    NOTE,
    /** The numbers may mislead. */
    WARNING,
    /** A property that the design promises did not hold. */
    VIOLATION
  }
}
