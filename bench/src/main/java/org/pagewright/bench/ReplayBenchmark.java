package org.pagewright.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.lab.trace.ReplayOptions;
import org.pagewright.lab.trace.TraceReplay;
import org.pagewright.lab.trace.input.EventBatch;
import org.pagewright.lab.trace.input.TraceReader;

/**
 * How long does a trace take from gzip text to the last event?
 *
 * <p>{@code ./pagewright bench ReplayBenchmark}, in the root of the checkout. The sample has
 * 208,875 events: 70 ms are three million events a second.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 10, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-XX:+UseSerialGC")
public class ReplayBenchmark {
  @Param("samples/traces/boot-1cpu-512m.trace.gz")
  String trace = "samples/traces/boot-1cpu-512m.trace.gz";

  /** Parsing, replaying, predicting and checking; events a second without the checks. */
  @Benchmark
  public long replay() throws IOException {
    try (TraceReplay replay = TraceReplay.run(Path.of(trace), ReplayOptions.DEFAULT)) {
      return replay.eventsPerSecond();
    }
  }

  /** Parsing alone; the number of events. */
  @Benchmark
  public long parse() throws IOException {
    try (TraceReader reader =
        TraceReader.open(Path.of(trace), name -> Gfp.named(name, AllocatorRules.V6_1))) {
      EventBatch batch = new EventBatch(1 << 15);
      long events = 0;
      while (reader.read(batch)) {
        events += batch.size();
      }
      return events;
    }
  }
}
