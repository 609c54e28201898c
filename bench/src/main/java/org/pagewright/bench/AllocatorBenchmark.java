package org.pagewright.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;

/**
 * How long does the page allocator take for a page: on the per-CPU lists, and in bulk?
 *
 * <p>{@code ./pagewright bench AllocatorBenchmark}. A machine of 8 GiB with two CPUs; the numbers
 * are nanoseconds for one page taken and given back.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 20, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-XX:+UseSerialGC")
@SuppressWarnings("NullAway.Init") // JMH calls boot() first
public class AllocatorBenchmark {
  static final int BULK = 100_000;
  private static final int PAIRS = 1000;
  private static final long BYTES = 8L << 30;

  @Param({"6.1", "6.18", "7.0"})
  String kernel = "7.0";

  private PageAllocator allocator;
  private final long[] taken = new long[BULK];

  /** Boots an allocator with all of its memory free. */
  @Setup
  public void boot() {
    AllocatorRules rules = AllocatorRules.named(kernel);
    allocator = new PageAllocator(AllocatorConfig.of(MemoryMap.of(BYTES), /* cpus= */ 2, rules));
    allocator.handOver(1, BYTES >>> 12);
    allocator.finishBoot();
  }

  /** Gives the memory back. */
  @TearDown
  public void close() {
    allocator.close();
  }

  private long take() {
    return allocator.allocate(/* cpu= */ 0, Gfp.KERNEL, /* order= */ 0, PageAllocator.ANY_ZONE);
  }

  /** One page of the per-CPU list, given back at once. */
  @Benchmark
  @OperationsPerInvocation(PAIRS)
  public long pair() {
    long sum = 0;
    for (int i = 0; i < PAIRS; i++) {
      long pfn = take();
      sum += pfn;
      allocator.free(/* cpu= */ 0, pfn, /* order= */ 0);
    }
    return sum;
  }

  /** A hundred thousand pages, then all of them given back: refills and drains included. */
  @Benchmark
  @OperationsPerInvocation(BULK)
  public long bulk() {
    for (int i = 0; i < BULK; i++) {
      taken[i] = take();
    }
    for (int i = 0; i < BULK; i++) {
      allocator.free(/* cpu= */ 0, taken[i], /* order= */ 0);
    }
    return taken[BULK - 1];
  }
}
