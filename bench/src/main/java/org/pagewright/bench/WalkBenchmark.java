package org.pagewright.bench;

import java.io.Writer;
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
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.TableBuilder;
import org.pagewright.hardware.paging.TableScanner;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.paging.Walker;
import org.pagewright.lab.show.TableDump;

/**
 * How fast are page tables walked, changed, scanned and printed?
 *
 * <p>{@code ./pagewright bench WalkBenchmark}. Tables map a million small pages to as many frames;
 * for printing, every second one is read-only, so that each has a line. Five formats are warmed up
 * in the process before the one that is measured.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 20, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-XX:+UseSerialGC")
@SuppressWarnings("NullAway.Init") // JMH calls build() first
public class WalkBenchmark {
  static final int BATCH = 4096;

  private static final List<String> WARMED =
      List.of("x86_64-5level", "aarch64-4k", "riscv64-sv48", "loongarch64", "x86_64-4level");

  private static final long VA = 1L << 35;
  private static final long TABLES_BYTES = 1L << 30;
  private static final int WARM_PAGES = 10_000;
  private static final int WARM_ROUNDS = 50;
  private static final int READ_ONLY = Rights.KERNEL_READ | Rights.ACCESSED | Rights.DIRTY;
  private static final int WRITABLE = READ_ONLY | Rights.KERNEL_WRITE;

  @Param({"x86_64-4level", "aarch64-4k", "riscv64-sv48"})
  String format = "x86_64-4level";

  @Param("1000000")
  int pages = 1_000_000;

  private PhysicalMemory stripedMemory;
  private PagingRegisters striped;

  private PteFormat in;
  private int mapped;
  private PhysicalMemory memory;
  private TableBuilder tables;
  private PagingRegisters registers;
  private Walker walker;
  private long nextTable;
  private final long[] addresses = new long[BATCH];

  /** Warms five formats up and builds the tables of the one to be measured. */
  @Setup
  public void build() {
    for (String warmed : WARMED) {
      open(warmed, WARM_PAGES, /* isStriped= */ false);
      stripedMemory = memory;
      striped = registers;
      long sum = 0;
      for (int i = 0; i < WARM_ROUNDS; i++) {
        sum += walks() + scan() + mapAndUnmap();
      }
      if (sum == 0) {
        throw new IllegalStateException("nothing was translated");
      }
      memory.close();
    }
    open(format, pages, /* isStriped= */ true);
    stripedMemory = memory;
    striped = registers;
    open(format, pages, /* isStriped= */ false);
  }

  private void open(String name, int size, boolean isStriped) {
    in = PteFormat.named(name);
    mapped = size;
    nextTable = 0;
    memory = new PhysicalMemory(MemoryMap.of(TABLES_BYTES));
    memory.preferHugePages(0, TABLES_BYTES);
    tables = new TableBuilder(memory, in, this::newTable);
    for (int page = 0; page < size; page++) {
      long pa = TABLES_BYTES + ((long) page << in.pageShift());
      tables.map(
          va(page), pa, in.pageBytes(), isStriped && page % 2 == 0 ? READ_ONLY : WRITABLE, 1);
    }
    registers = new PagingRegisters(in);
    walker = new Walker(memory, in);
    if (!walker.loadRoot(registers, tables.rootPa())) {
      throw new IllegalStateException("the root was refused");
    }
    SeededChoices random = new SeededChoices(1);
    for (int i = 0; i < BATCH; i++) {
      addresses[i] = va(random.pick(size, "page"));
    }
  }

  private long newTable(long bytes) {
    nextTable = (nextTable + bytes - 1) & -bytes;
    long table = nextTable;
    nextTable += bytes;
    return table;
  }

  private long va(int page) {
    return VA + ((long) page << in.pageShift());
  }

  /** Gives the memory back. */
  @TearDown
  public void close() {
    memory.close();
    stripedMemory.close();
  }

  /** Independent walks of random mapped addresses, from the root, without any cache. */
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long walks() {
    long sum = 0;
    for (long va : addresses) {
      sum += walker.walk(registers, va);
    }
    return sum;
  }

  /** Writes the leaf of a small page and clears it again, found from the root each time. */
  @Benchmark
  public long mapAndUnmap() {
    long va = VA + ((long) mapped << in.pageShift());
    tables.writeEntry(va, 1, in.leaf(1, 0, WRITABLE));
    long translation = walker.walk(registers, va);
    tables.writeEntry(va, 1, in.empty(1));
    return translation;
  }

  /** The same with a leaf of level 2. */
  @Benchmark
  public long mapAndUnmapLarge() {
    long va = VA + (64L << in.level(2).shift() << 6);
    tables.map(va, 0, in.levelBytes(2), WRITABLE, 2);
    long translation = walker.walk(registers, va);
    tables.writeEntry(va, 2, in.empty(2));
    return translation;
  }

  /** Scans all mappings and merges those whose addresses and rights go on; the number of runs. */
  @Benchmark
  @BenchmarkMode(Mode.AverageTime)
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public long scan() {
    long[] runs = new long[1];
    TableScanner.scan(
        memory,
        registers,
        TableScanner.Merge.BY_ADDRESS,
        (va, bytes, level, first, entry) -> runs[0] += Translation.isFault(first) ? 0 : 1);
    return runs[0];
  }

  /** Prints all mappings in the kernel's notation, a line each; the number of characters. */
  @Benchmark
  @BenchmarkMode(Mode.AverageTime)
  @OutputTimeUnit(TimeUnit.MILLISECONDS)
  public long print() {
    CountingWriter out = new CountingWriter();
    TableDump.write(stripedMemory, striped, out);
    return out.chars;
  }

  /** Where the text goes: nowhere. */
  private static final class CountingWriter extends Writer {
    long chars;

    @Override
    public void write(char[] text, int from, int length) {
      chars += length;
    }

    @Override
    public Writer append(CharSequence text) {
      chars += text.length();
      return this;
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
