package org.pagewright.check.fault;

import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.FailingRequests;
import org.pagewright.check.explore.FailingRequests.Request;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.explore.World;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.check.schedule.Strategy;

/**
 * Lets requests fail while CPUs are interleaved: each request of each CPU, then pairs, and of each
 * choice many orders of steps. What other orders ask for beyond the first one fails, too.
 */
public final class FaultedOrders<W extends World> {
  private final Trial<W> trial;
  private final Supplier<Strategy> orders;
  private final BooleanSupplier isOver;
  private boolean wasOver;
  private long schedules;
  private long singles;
  private long pairs;
  private String coverage = "";
  private @Nullable Failure failure;

  /** By CPU, the most requests that it made in a run of the last choice. */
  private final int[] asked;

  private FaultedOrders(Trial<W> trial, Supplier<Strategy> orders, BooleanSupplier isOver) {
    this.trial = trial;
    this.orders = orders;
    this.isOver = isOver;
    this.asked = new int[trial.programs().size()];
  }

  /** Looks for a planted bug so, with so few preemptions. */
  public static <W extends World> Search of(
      Search.Subject<W> subject, int preemptionsMax, int pairsMax) {
    return (isPlanted, isOver) -> {
      Trial<W> trial = subject.make(isPlanted);
      Exploration found = search(trial, () -> new FewPreemptions(preemptionsMax), pairsMax, isOver);
      Failure failure = found.failure();
      String where = failure == null ? "" : failure.schedule();
      return new Hunt(found.schedules(), 0, where, failure);
    };
  }

  /**
   * Every request that a CPU makes fails in runs of its own, one for each order; then pairs do.
   * After each run everything is given back, so that nothing may be in use any more.
   *
   * @param orders makes what tries the orders, anew for each choice of failing requests
   * @param pairsMax most pairs
   * @param isOver asked between runs; ends the search
   */
  public static <W extends World> Exploration search(
      Trial<W> trial, Supplier<Strategy> orders, int pairsMax, BooleanSupplier isOver) {
    return new FaultedOrders<>(trial, orders, isOver).search(pairsMax);
  }

  private Exploration search(int pairsMax) {
    explore(FailingRequests.NONE);
    int[] most = asked.clone();
    for (int cpu = 0; cpu < most.length; cpu++) {
      for (int number = 1; number <= most[cpu] && goesOn(); number++) {
        singles++;
        explore(FailingRequests.of(cpu, number));
      }
    }
    for (int cpu = 0; cpu < most.length; cpu++) {
      for (int number = 1; number <= most[cpu] && pairs < pairsMax && goesOn(); number++) {
        explorePairs(new Request(cpu, number), most, pairsMax);
      }
    }
    return new Exploration(schedules, told(), failure);
  }

  /** A CPU whose request failed may make others than before, so all of its later ones are asked. */
  private void explorePairs(Request first, int[] most, int pairsMax) {
    for (int cpu = first.cpu(); cpu < most.length; cpu++) {
      int from = cpu == first.cpu() ? first.number() + 1 : 1;
      int to = most[cpu];
      for (int number = from; number <= to && pairs < pairsMax && goesOn(); number++) {
        pairs++;
        explore(FailingRequests.of(first.cpu(), first.number()).and(cpu, number));
        to = Math.max(to, asked[cpu]);
      }
    }
  }

  private boolean goesOn() {
    return failure == null && !wasOver;
  }

  private void explore(FailingRequests failing) {
    Explorer explorer = new Explorer(trial.failing(failing));
    Exploration found = explorer.search(orders.get(), this::isOver);
    schedules += found.schedules();
    coverage = found.coverage();
    failure = found.failure();
    for (int cpu = 0; cpu < asked.length; cpu++) {
      asked[cpu] = explorer.requests(cpu);
    }
  }

  private boolean isOver() {
    wasOver = isOver.getAsBoolean();
    return wasOver;
  }

  private String told() {
    String what = counted(singles, "failing request") + " and " + counted(pairs, "pair");
    return what + ", " + (failure == null ? "of each " + coverage : coverage);
  }

  private static String counted(long count, String what) {
    return "%d %s%s".formatted(count, what, count == 1 ? "" : "s");
  }
}
