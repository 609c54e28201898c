package org.pagewright.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.Cells;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.schedule.DrawnOrders;
import org.pagewright.check.schedule.EveryOrder;
import org.pagewright.check.schedule.PriorityOrders;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.hardware.paging.PteFormat;

/**
 * How many schedules does the explorer run per second: of two CPUs with ten steps each on shared
 * words, by strategy, and on a kernel that boots for each?
 *
 * <p>{@code ./pagewright bench ExploreBenchmark}
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 30, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", SeamBenchmark.FLAG})
public class ExploreBenchmark {
  /** Schedules of one invocation. */
  static final int SCHEDULES = 1000;

  /** Schedules of one invocation on a kernel. */
  static final int BOOTS = 10;

  private static final int UPDATES = 5;

  /** Ten steps each: the CPUs read and write two words in opposite order. */
  private static Trial<Cells> tenSteps() {
    List<Act<Cells>> first = new ArrayList<>();
    List<Act<Cells>> second = new ArrayList<>();
    for (int i = 0; i < UPDATES; i++) {
      first.add(update(i % 2));
      second.add(update((i + 1) % 2));
    }
    return new Trial<>(() -> new Cells(2, 2, cells -> true), List.of(first, second));
  }

  private static Act<Cells> update(int cell) {
    return Act.of(
        "update",
        (cells, cpu) -> {
          cells.store(cpu, cell, cells.load(cpu, cell) + 1);
          return 0;
        });
  }

  private static long run(Strategy strategy, long schedules) {
    long[] asked = {0};
    return new Explorer(tenSteps()).search(strategy, () -> asked[0]++ == schedules).schedules();
  }

  /** Partial-order reduction, from its first schedule on. */
  @Benchmark
  @OperationsPerInvocation(SCHEDULES)
  public long everyOrder() {
    return run(new EveryOrder(2), SCHEDULES);
  }

  /** Each decision drawn. */
  @Benchmark
  @OperationsPerInvocation(SCHEDULES)
  public long drawnOrders() {
    return run(new DrawnOrders(SCHEDULES, 1), SCHEDULES);
  }

  /** Priorities drawn. */
  @Benchmark
  @OperationsPerInvocation(SCHEDULES)
  public long priorityOrders() {
    return run(new PriorityOrders(2, SCHEDULES, 1), SCHEDULES);
  }

  /** A scenario on a kernel with all oracles, booted for each schedule. */
  @Benchmark
  @OperationsPerInvocation(BOOTS)
  public long onAKernel() {
    PteFormat format = PteFormat.named("x86_64-4level");
    return new Explorer(Scenario.all().getFirst(), format)
        .search(new DrawnOrders(BOOTS, 1), () -> false)
        .schedules();
  }
}
