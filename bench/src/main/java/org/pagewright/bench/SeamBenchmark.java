package org.pagewright.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;

/**
 * What does a point where CPUs may interleave cost a straight run, in which they never do?
 *
 * <p>{@code ./pagewright bench SeamBenchmark}
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 10, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 30, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", SeamBenchmark.FLAG})
@SuppressWarnings("NullAway.Init") // JMH calls boot() first
public class SeamBenchmark {
  static final String FLAG = "--add-exports=java.base/jdk.internal.vm=ALL-UNNAMED";

  /** Entry updates of one invocation. */
  static final int BATCH = 1024;

  private Machine machine;
  private Cpu cpu;
  private PhysicalMemory memory;

  /** Boots a machine and makes its memory resident. */
  @Setup
  public void boot() {
    machine = new Machine(MachineConfig.small(PteFormat.named("x86_64-4level")));
    cpu = machine.cpu(0);
    memory = machine.memory();
  }

  /** Gives the memory back. */
  @TearDown
  public void close() {
    machine.close();
  }

  /** Updates entries as if there were no seam. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long entriesWithoutSeam() {
    long sum = 0;
    for (int i = 0; i < BATCH; i++) {
      long pa = i * 8L;
      cpu.charge(Primitive.ENTRY_READ);
      sum += memory.read(pa);
      cpu.charge(Primitive.ENTRY_WRITE);
      memory.write(pa, sum);
    }
    return sum;
  }

  /** Updates entries with a step before each read and write. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long entriesWithSeam() {
    long sum = 0;
    for (int i = 0; i < BATCH; i++) {
      long pa = i * 8L;
      cpu.step(Step.ENTRY_READ, pa);
      cpu.charge(Primitive.ENTRY_READ);
      sum += memory.read(pa);
      cpu.step(Step.ENTRY_WRITE, pa);
      cpu.charge(Primitive.ENTRY_WRITE);
      memory.write(pa, sum);
    }
    return sum;
  }

  /** Spends the price of a primitive. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long charges() {
    for (int i = 0; i < BATCH; i++) {
      cpu.charge(Primitive.ENTRY_READ);
    }
    return cpu.cycles();
  }
}
