package org.pagewright.bench;

import java.util.List;
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
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.Tlb;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.hardware.tlb.TlbGeometry;

/**
 * How many translations does a simulated CPU make per second, when the TLB has them and when it has
 * not?
 *
 * <p>{@code ./pagewright bench TlbBenchmark}. Every run has five formats warmed up in its process
 * before the one that is measured.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 30, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-XX:+UseSerialGC")
@SuppressWarnings("NullAway.Init") // JMH calls build() first
public class TlbBenchmark {
  /** Addresses of one invocation. */
  static final int BATCH = 4096;

  private static final List<String> WARMED =
      List.of("x86_64-5level", "aarch64-4k", "riscv64-sv48", "loongarch64", "x86_64-4level");

  private static final int HIT_PAGES = 32;

  @Param({"x86_64-4level", "aarch64-4k", "riscv64-sv48"})
  String format = "x86_64-4level";

  @Param("1000000")
  int pages = 1_000_000;

  private MappedMachine mapped;
  private Cpu cpu;
  private Tlb tlb;
  private int asid;
  private final long[] hits = new long[BATCH];
  private final long[] anywhere = new long[BATCH];
  private SeededChoices random;

  /** Warms five formats up and builds the tables of the one to be measured. */
  @Setup
  public void build() {
    for (String warmed : WARMED) {
      if (!warmed.equals(format)) {
        warmUp(warmed);
      }
    }
    open(format, pages);
  }

  private void warmUp(String name) {
    open(name, /* size= */ 10_000);
    long sum = 0;
    for (int i = 0; i < 50; i++) {
      sum += lookups() + translations() + loads() + misses();
    }
    if (sum == 0) {
      throw new IllegalStateException("nothing was translated");
    }
    mapped.close();
  }

  private void open(String name, int size) {
    PteFormat pteFormat = PteFormat.named(name);
    mapped = new MappedMachine(pteFormat, geometry(pteFormat), size);
    cpu = mapped.cpu();
    tlb = cpu.tlb();
    asid = cpu.registers().asid();
    random = new SeededChoices(1);
    for (int i = 0; i < BATCH; i++) {
      hits[i] = va(pteFormat, i % HIT_PAGES) + (i * 8L & 0xff8);
    }
    pages = size;
    translateAll(hits);
  }

  private static long va(PteFormat pteFormat, int page) {
    return MappedMachine.VA + ((long) page << pteFormat.pageShift());
  }

  private static TlbGeometry geometry(PteFormat pteFormat) {
    return switch (pteFormat.architecture()) {
      case X86 -> TlbGeometries.GOLDEN_COVE;
      case ARM64 -> TlbGeometries.NEOVERSE_V2;
      case RISCV -> TlbGeometries.U74;
      default -> TlbGeometries.small(pteFormat.architecture());
    };
  }

  /** Gives the memory back. */
  @TearDown
  public void close() {
    mapped.close();
  }

  /** TLB look-ups that hit, and nothing else. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long lookups() {
    long sum = 0;
    for (long va : hits) {
      sum += tlb.lookup(va, asid, /* role= */ 0);
    }
    return sum;
  }

  /** Look-ups that hit, and the check of rights. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long translations() {
    return translateAll(hits);
  }

  /** Whole loads that hit: the seam, look-up, check, and the read from simulated RAM. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long loads() {
    long sum = 1;
    for (long va : hits) {
      sum += cpu.load(va, Access.READ);
    }
    return sum;
  }

  /** Translations of random pages: both levels miss nearly always, and a walk follows. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long misses() {
    PteFormat pteFormat = mapped.machine.format();
    for (int i = 0; i < BATCH; i++) {
      anywhere[i] = va(pteFormat, random.pick(pages, "page"));
    }
    return translateAll(anywhere);
  }

  private long translateAll(long[] vas) {
    long sum = 0;
    for (long va : vas) {
      sum += cpu.translate(va, Access.READ);
    }
    return sum;
  }
}
