package org.pagewright.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * What does it cost the host to take a page, or a pageblock, out of the direct map and to put it
 * back?
 *
 * <p>{@code ./pagewright bench DirectMapBenchmark}
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH calls boot() first
public class DirectMapBenchmark {
  private static final int BLOCK_PAGES = 512;

  /** Frames that the benchmarks walk over: 1 GiB from 1 GiB on. */
  private static final long FRAMES = 1L << 18;

  @Param({"1", "8", "64"})
  int cpus = 1;

  @Param({"x86_64-4level", "aarch64-4k"})
  String format = "x86_64-4level";

  private EarlyKernel kernel;
  private Cpu cpu;
  private DirectMap map;
  private TlbShootdown shootdown;
  private long next;

  /** Boots a machine of 4 GiB. */
  @Setup
  public void boot() {
    MachineConfig machine =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(4L << 30)).withCpus(cpus);
    kernel = new EarlyKernel(KernelConfig.of(machine), new Machine(machine));
    cpu = kernel.machine().cpu(0);
    map = kernel.directMap();
    shootdown = kernel.shootdown();
  }

  /** Gives the memory back. */
  @TearDown
  public void close() {
    kernel.machine().close();
  }

  private long frame(int pages) {
    next = (next + pages) & (FRAMES - 1);
    return FRAMES + next;
  }

  /** One page out with a flush on every CPU, and back: the baseline of populate. */
  @Benchmark
  public int pageOutAndBack() {
    long pfn = frame(1);
    int error = map.setInvalidNoflush(cpu, pfn);
    shootdown.flushKernelRange(cpu, map.va(pfn), map.va(pfn + 1));
    return error | map.setDefaultNoflush(cpu, pfn);
  }

  /** One page out and back without any flush: the entries alone. */
  @Benchmark
  public int pageOutAndBackWithoutFlush() {
    long pfn = frame(1);
    return map.setInvalidNoflush(cpu, pfn) | map.setDefaultNoflush(cpu, pfn);
  }

  /** A whole block out with one flush, and back: a conversion in both directions. */
  @Benchmark
  public int blockOutAndBack() {
    long pfn = frame(BLOCK_PAGES) & -BLOCK_PAGES;
    int error = map.setValidNoflush(cpu, pfn, BLOCK_PAGES, false);
    shootdown.flushKernelRange(cpu, map.va(pfn), map.va(pfn + BLOCK_PAGES));
    return error | map.setValidNoflush(cpu, pfn, BLOCK_PAGES, true);
  }

  /** Whether a frame is in the direct map: a lookup in the tables. */
  @Benchmark
  public boolean isPresent() {
    return map.isPresent(cpu, frame(1));
  }
}
