package org.pagewright.check.fault;

import java.util.List;
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
  private final List<Supplier<Strategy>> rounds;
  private final BooleanSupplier isOver;
  private boolean wasOver;
  private long schedules;
  private long singles;
  private long pairs;
  private String coverage = "";
  private @Nullable Failure failure;

  /** By CPU, the most requests that it made in a run so far. */
  private final int[] asked;

  private FaultedOrders(Trial<W> trial, List<Supplier<Strategy>> rounds, BooleanSupplier isOver) {
    this.trial = trial;
    this.rounds = List.copyOf(rounds);
    this.isOver = isOver;
    this.asked = new int[trial.programs().size()];
  }

  /** Looks for a planted bug so, with so few preemptions. */
  public static <W extends World> Search of(
      Search.Subject<W> subject, int preemptionsMax, int pairsMax) {
    return (isPlanted, isOver) -> {
      Trial<W> trial = subject.make(isPlanted);
      Exploration found =
          search(trial, List.of(() -> new FewPreemptions(preemptionsMax)), pairsMax, isOver);
      Failure failure = found.failure();
      String where = failure == null ? "" : failure.schedule();
      return new Hunt(found.schedules(), 0, where, failure);
    };
  }

  /**
   * Every request that a CPU makes fails in runs of its own, one for each order; then pairs do.
   * After each run everything is given back, so that nothing may be in use any more.
   *
   * @param rounds each makes what tries the orders, anew for each choice of failing requests; all
   *     requests fail in the orders of the first round before any does in those of the next
   * @param pairsMax most pairs of a round
   * @param isOver asked between runs; ends the search
   */
  public static <W extends World> Exploration search(
      Trial<W> trial, List<Supplier<Strategy>> rounds, int pairsMax, BooleanSupplier isOver) {
    return new FaultedOrders<>(trial, rounds, isOver).search(pairsMax);
  }

  /** Requests are counted where no CPU is preempted, and wherever one fails. */
  private Exploration search(int pairsMax) {
    explore(FailingRequests.NONE, new FewPreemptions(0));
    for (Supplier<Strategy> orders : rounds) {
      singles = 0;
      exploreSingles(orders);
    }
    for (Supplier<Strategy> orders : rounds) {
      pairs = 0;
      for (int cpu = 0; cpu < asked.length; cpu++) {
        for (int number = 1; number <= asked[cpu] && pairs < pairsMax && goesOn(); number++) {
          explorePairs(orders, new Request(cpu, number), pairsMax);
        }
      }
    }
    return new Exploration(schedules, told(), failure);
  }

  private void exploreSingles(Supplier<Strategy> orders) {
    for (int cpu = 0; cpu < asked.length; cpu++) {
      for (int number = 1; number <= asked[cpu] && goesOn(); number++) {
        singles++;
        explore(FailingRequests.of(cpu, number), orders.get());
      }
    }
  }

  private void explorePairs(Supplier<Strategy> orders, Request first, int pairsMax) {
    FailingRequests one = FailingRequests.of(first.cpu(), first.number());
    for (int cpu = first.cpu(); cpu < asked.length; cpu++) {
      int from = cpu == first.cpu() ? first.number() + 1 : 1;
      for (int number = from; number <= asked[cpu] && pairs < pairsMax && goesOn(); number++) {
        pairs++;
        explore(one.and(cpu, number), orders.get());
      }
    }
  }

  private boolean goesOn() {
    return failure == null && !wasOver;
  }

  private void explore(FailingRequests failing, Strategy orders) {
    Explorer explorer = new Explorer(trial.failing(failing));
    Exploration found = explorer.search(orders, this::isOver);
    schedules += found.schedules();
    coverage = found.coverage();
    failure = found.failure();
    for (int cpu = 0; cpu < asked.length; cpu++) {
      asked[cpu] = Math.max(asked[cpu], explorer.requests(cpu));
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
