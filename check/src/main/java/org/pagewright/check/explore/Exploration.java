package org.pagewright.check.explore;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Violation;

/**
 * What came of exploring one scenario.
 *
 * @param schedules how many orders of steps were run
 * @param coverage what they cover, in words
 * @param failure the first one that broke a property, made smaller; null if none did
 */
public record Exploration(long schedules, String coverage, @Nullable Failure failure) {

  /**
   * A schedule that breaks a property.
   *
   * @param programs what each CPU does: of the scenario, only what is needed to fail
   * @param schedule text that replays it
   * @param rows what happened, in order
   * @param violations what the oracles said, in order
   */
  public record Failure(
      List<List<String>> programs, String schedule, List<Row> rows, List<Violation> violations) {}

  /**
   * One step of a CPU.
   *
   * @param what in words
   */
  public record Row(int cpu, String what) {}
}
