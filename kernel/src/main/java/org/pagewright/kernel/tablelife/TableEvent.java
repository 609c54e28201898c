package org.pagewright.kernel.tablelife;

import org.pagewright.kernel.arch.KernelEvent;

/** Numbers of the events in the lives of page tables, and their operands. */
public final class TableEvent {
  private static final int FIRST = KernelEvent.FIRST_FEATURE + 60;

  /** A table was constructed: a = frame, b = level, c = context, 1 for the kernel, 0 unknown. */
  public static final int CONSTRUCTED = FIRST;

  /** A table was destructed: a = frame, b = level, c = pages. */
  public static final int DESTRUCTED = FIRST + 1;

  /** A table waits to be freed: a = frame, b = level, c = ordinal of the mode. */
  public static final int QUEUED = FIRST + 2;

  /** A table got a lock of its own: a = frame, b = level, c = 1 if the lock was allocated. */
  public static final int LOCK_MADE = FIRST + 3;

  /** A destructor met a table that nobody constructed: a = frame. */
  public static final int DESTRUCTED_RAW = FIRST + 5;

  /** A table that shares its page was taken: a = address, b = level, c = bytes. */
  public static final int PART_TAKEN = FIRST + 6;

  /** A table that shares its page was given back: a = address, b = level, c = bytes. */
  public static final int PART_GIVEN = FIRST + 7;

  /** A constructor met a frame that is a table already, or still: a = frame, b = level. */
  public static final int CONSTRUCTED_OVER = FIRST + 8;

  /**
   * Pages of all constructed tables were counted, because one became a table or ceased to be one: a
   * = frame, b = order, its complement if it ceased, c = pages.
   */
  public static final int PAGES_COUNTED = FIRST + 9;

  /** A walker without locks is about to look at a table that it found: a = frame, b = level. */
  public static final int FOUND = FIRST + 4;

  private TableEvent() {}

  /** Kebab-case name of an event, for reports. */
  public static String name(int kind) {
    return switch (kind) {
      case CONSTRUCTED -> "table-constructed";
      case DESTRUCTED -> "table-destructed";
      case QUEUED -> "table-queued";
      case LOCK_MADE -> "table-lock-made";
      case DESTRUCTED_RAW -> "table-destructed-raw";
      case PART_TAKEN -> "table-part-taken";
      case PART_GIVEN -> "table-part-given";
      case PAGES_COUNTED -> "pages-counted";
      case CONSTRUCTED_OVER -> "table-constructed-over";
      case FOUND -> "table-found";
      default -> KernelEvent.name(kind);
    };
  }
}
