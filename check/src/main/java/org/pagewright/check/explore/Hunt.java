package org.pagewright.check.explore;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.oracle.Violation;

/**
 * What came of looking for a planted bug, with it or without it.
 *
 * @param schedules how many orders of steps were run
 * @param faults how many runs had failing requests
 * @param where the schedule or the failing requests that show it; empty for a straight run
 * @param coverage what was tried, in words; empty if nothing was left to choose
 * @param failure the first run that broke a property; null if none did
 */
public record Hunt(
    long schedules, long faults, String where, String coverage, @Nullable Failure failure) {
  /** A search whose counts say what was tried. */
  public Hunt(long schedules, long faults, String where, @Nullable Failure failure) {
    this(schedules, faults, where, /* coverage= */ "", failure);
  }

  /** One run without choices. */
  public static Hunt straight(List<Violation> violations) {
    return new Hunt(
        1, 0, "", violations.isEmpty() ? null : new Failure(List.of(), "", List.of(), violations));
  }

  static Hunt of(Exploration exploration) {
    Failure failure = exploration.failure();
    String where = failure == null ? "" : failure.schedule();
    return new Hunt(exploration.schedules(), 0, where, exploration.coverage(), failure);
  }

  /** Of the first run that had any; empty if none had. */
  public List<Violation> violations() {
    return failure == null ? List.of() : failure.violations();
  }
}
