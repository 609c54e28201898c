package org.pagewright.check.explore;

import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import org.pagewright.check.schedule.Strategy;

/**
 * A search over orders of steps, which any strategy can make.
 *
 * @param strategy makes the one that is meant, for so many CPUs
 */
public record OrderSearch<W extends World>(Subject<W> subject, IntFunction<Strategy> strategy)
    implements Search {
  @Override
  public Hunt run(boolean isPlanted, BooleanSupplier isOver) {
    Trial<W> trial = subject.make(isPlanted);
    return Hunt.of(new Explorer(trial).search(strategy.apply(trial.cpus()), isOver));
  }

  /** The same by another strategy. */
  public OrderSearch<W> by(IntFunction<Strategy> other) {
    return new OrderSearch<>(subject, other);
  }

  /**
   * Runs one schedule.
   *
   * @throws IllegalArgumentException when the text does not fit
   */
  public Hunt replay(boolean isPlanted, String schedule) {
    return Hunt.of(new Explorer(subject.make(isPlanted)).replay(schedule));
  }
}
