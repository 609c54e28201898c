package org.pagewright.check.explore;

import java.util.List;
import org.pagewright.check.oracle.Violation;

/**
 * What came of looking for a planted bug, with it or without it.
 *
 * @param violations of the first run that had any; empty if none had
 * @param schedules how many orders of steps were run
 * @param faults how many runs had failing requests
 * @param where the schedule or the failing requests that show it; empty for a straight run
 */
public record Hunt(List<Violation> violations, long schedules, long faults, String where) {
  /** One run without choices. */
  public static Hunt straight(List<Violation> violations) {
    return new Hunt(violations, 1, 0, "");
  }

  static Hunt of(Exploration exploration) {
    Exploration.Failure failure = exploration.failure();
    return failure == null
        ? new Hunt(List.of(), exploration.schedules(), 0, "")
        : new Hunt(failure.violations(), exploration.schedules(), 0, failure.schedule());
  }
}
