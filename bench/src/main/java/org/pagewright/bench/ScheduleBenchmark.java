package org.pagewright.bench;

import java.util.concurrent.SynchronousQueue;
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
import org.pagewright.hardware.choice.Coroutine;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;

/**
 * How many schedules of a small scenario run per second, and what would threads cost instead of
 * coroutines?
 *
 * <p>{@code ./pagewright bench ScheduleBenchmark}
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 30, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "-XX:+UseSerialGC",
      SeamBenchmark.FLAG,
      "-Djdk.virtualThreadScheduler.parallelism=1"
    })
@SuppressWarnings("NullAway.Init") // JMH calls boot() first
public class ScheduleBenchmark {
  /** Switches of one invocation. */
  static final int SWITCHES = 1000;

  private static final int STEPS = 10;

  private Machine machine;
  private SeededChoices choices;

  /** Boots a machine of two CPUs. */
  @Setup
  public void boot() {
    machine = new Machine(MachineConfig.small(PteFormat.named("x86_64-4level")));
    choices = new SeededChoices(1);
  }

  /** Gives the memory back. */
  @TearDown
  public void close() {
    machine.close();
  }

  /** One schedule of two CPUs with ten steps each, picked at random. */
  @Benchmark
  public long schedules() {
    Interleaving run = new Interleaving(machine, Scheduler.of(choices), /* stepLimit= */ 1000);
    for (int id = 0; id < 2; id++) {
      run.add(
          machine.cpu(id),
          cpu -> {
            for (int step = 0; step < STEPS; step++) {
              cpu.step(Step.LOAD, step);
            }
          });
    }
    return run.run().steps();
  }

  /** A coroutine is left and entered again. */
  @Benchmark
  @OperationsPerInvocation(SWITCHES)
  public boolean coroutineSwitches() {
    Coroutine coroutine =
        new Coroutine(() -> {
          for (int i = 0; i < SWITCHES; i++) {
            Coroutine.suspend();
          }
        });
    for (int i = 0; i <= SWITCHES; i++) {
      coroutine.resume();
    }
    return coroutine.isDone();
  }

  /** Two virtual threads on one carrier pass a baton there and back. */
  @Benchmark
  @OperationsPerInvocation(SWITCHES)
  public int virtualThreadSwitches() throws InterruptedException {
    SynchronousQueue<Integer> there = new SynchronousQueue<>();
    SynchronousQueue<Integer> back = new SynchronousQueue<>();
    int[] last = new int[1];
    Thread first = Thread.ofVirtual().start(() -> pass(there, back, last, /* isFirst= */ true));
    Thread second = Thread.ofVirtual().start(() -> pass(back, there, last, /* isFirst= */ false));
    first.join();
    second.join();
    return last[0];
  }

  private static void pass(
      SynchronousQueue<Integer> out, SynchronousQueue<Integer> in, int[] last, boolean isFirst) {
    try {
      for (int i = 0; i < SWITCHES; i++) {
        if (isFirst) {
          out.put(i);
          last[0] = in.take();
        } else {
          int taken = in.take();
          out.put(taken + 1);
        }
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
