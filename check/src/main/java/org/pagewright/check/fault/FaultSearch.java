package org.pagewright.check.fault;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.explore.World;
import org.pagewright.check.oracle.Violation;

/** Lets requests of a straight run fail, one choice of them after the other. */
public final class FaultSearch<W extends World> {
  private final Trial<W> trial;
  private final BooleanSupplier isOver;
  private long runs;
  private FaultPlan plan = FaultPlan.nothing();

  private FaultSearch(Trial<W> trial, BooleanSupplier isOver) {
    this.trial = trial;
    this.isOver = isOver;
  }

  /** Looks for a planted bug so. */
  public static <W extends World> Search of(Search.Subject<W> subject, int pairsMax) {
    return (isPlanted, isOver) -> search(subject.make(isPlanted), pairsMax, isOver);
  }

  /**
   * Every request that the run makes fails in a run of its own; then all do from each on; then
   * pairs. After each run everything is given back, so that nothing may be in use any more.
   *
   * @param pairsMax most pairs
   * @param isOver asked between runs; ends the search
   */
  public static <W extends World> Hunt search(
      Trial<W> trial, int pairsMax, BooleanSupplier isOver) {
    return new FaultSearch<>(trial, isOver).search(pairsMax);
  }

  private Hunt search(int pairsMax) {
    List<Violation> found = run(FaultPlan.nothing());
    int requests = plan.asked();
    // What comes after a failure differs from the run without one, so it is counted again.
    int[] requestsAfter = new int[requests];
    for (int i = 0; i < requests && goesOn(found); i++) {
      found = run(FaultPlan.one(i));
      requestsAfter[i] = plan.asked();
    }
    for (int i = 0; i < requests && goesOn(found); i++) {
      found = run(FaultPlan.from(i));
    }
    long runsEnd = runs + pairsMax;
    for (int i = 0; i < requests && goesOn(found) && runs < runsEnd; i++) {
      found = runPairs(i, requestsAfter[i], runsEnd);
    }
    // The run in which nothing fails is not one with failing requests.
    return found.isEmpty()
        ? new Hunt(1, runs - 1, "", null)
        : new Hunt(1, runs - 1, plan.text(), new Failure(trial.texts(), "", List.of(), found));
  }

  private List<Violation> runPairs(int first, int requests, long runsEnd) {
    List<Violation> found = List.of();
    for (int second = first + 1; second < requests && runs < runsEnd && goesOn(found); second++) {
      found = run(FaultPlan.pair(first, second));
    }
    return found;
  }

  private boolean goesOn(List<Violation> found) {
    return found.isEmpty() && !isOver.getAsBoolean();
  }

  private List<Violation> run(FaultPlan next) {
    runs++;
    plan = next;
    try (W world = trial.worlds().get()) {
      world.inject(plan);
      return trial.run(world, Search.straight(), /* isEmptied= */ true);
    }
  }
}
