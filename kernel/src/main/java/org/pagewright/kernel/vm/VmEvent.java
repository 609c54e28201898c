package org.pagewright.kernel.vm;

import org.pagewright.kernel.arch.KernelEvent;

/** Numbers of the events of user memory, and their operands. */
public final class VmEvent {
  private static final int FIRST = KernelEvent.FIRST_FEATURE + 80;

  /**
   * From here on user mode may do with a range what {@code c} says, and nothing else: a = context,
   * b = first address, c = end with the allowed accesses in its low bits; 0 after munmap. Whatever
   * allowed more is flushed.
   */
  public static final int RANGE_CHANGED = FIRST;

  /** A frame was pinned without locks: a = frame, b = address, c = context. */
  public static final int PINNED = FIRST + 1;

  /** A pin was given back: a = frame. */
  public static final int UNPINNED = FIRST + 2;

  /** A frame holds a process's own memory: a = frame, b = order, c = context. */
  public static final int ANONYMOUS_FRAME = FIRST + 3;

  /** A middle table is used by one more address space: a = frame, b = context. */
  public static final int TABLE_SHARED = FIRST + 4;

  /** A middle table is used by one address space less: a = frame, b = context. */
  public static final int TABLE_UNSHARED = FIRST + 5;

  /** What a frame held is in another one: a = old frame, b = new frame, c = order. */
  public static final int MIGRATED = FIRST + 6;

  /** Reads of untouched memory see this page, which nobody may write: a = frame. */
  public static final int ZERO_PAGE = FIRST + 7;

  /** Leaves that map a page were counted: a = first frame, b = leaves. */
  public static final int MAPS_COUNTED = FIRST + 8;

  private VmEvent() {}

  /** Kebab-case name of an event, for reports. */
  public static String name(int kind) {
    return switch (kind) {
      case RANGE_CHANGED -> "range-changed";
      case PINNED -> "pinned";
      case UNPINNED -> "unpinned";
      case ANONYMOUS_FRAME -> "anonymous-frame";
      case TABLE_SHARED -> "table-shared";
      case TABLE_UNSHARED -> "table-unshared";
      case ZERO_PAGE -> "zero-page";
      case MAPS_COUNTED -> "maps-counted";
      case MIGRATED -> "migrated";
      default -> KernelEvent.name(kind);
    };
  }
}
