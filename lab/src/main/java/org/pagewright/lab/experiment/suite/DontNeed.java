package org.pagewright.lab.experiment.suite;

import java.util.List;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.kernel.gather.GatherConfig;
import org.pagewright.kernel.gather.ReclaimRules;
import org.pagewright.kernel.tablelife.FreeMode;
import org.pagewright.kernel.tablelife.TableConfig;
import org.pagewright.kernel.tablelife.TableRules;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;
import org.pagewright.lab.experiment.Experiment;
import org.pagewright.lab.experiment.MachineFile;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Breakdown;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * Lowest tables that MADV_DONTNEED empties, kept or taken out, by how an architecture frees tables.
 *
 * <p>Models what PT_RECLAIM exists for (Qi Zheng, "synchronously scan and reclaim empty user PTE
 * pages", 2024, and "enable PT_RECLAIM on all 64-bit architectures", 2026-01): allocators that give
 * memory of a large heap back keep its tables. Left out: what user code does between, reclaim under
 * pressure, other processes.
 */
final class DontNeed implements Experiment {
  private static final long GIB = 1L << 30;
  private static final long TIB = 1L << 40;
  private static final long MIB = 1L << 20;

  /** A heap needs 1/512 of its size for tables; the rest is for what is touched at a time. */
  private static final int TABLE_SHARE = 512;

  private static final long SPARE_BYTES = 2 * GIB;

  @Override
  public String name() {
    return "dontneed";
  }

  @Override
  public String description() {
    return "What do empty page tables cost? A process touches a sparse heap piece by piece and"
        + " gives each piece back with MADV_DONTNEED; the tables stay, or go by each policy"
        + " of an architecture.";
  }

  @Override
  public List<Variant> variants() {
    return List.of(
        new Variant("keep", "empty tables stay until the area goes (PT_RECLAIM off)", true),
        new Variant("rcu", "they go after a grace period (x86, arm64, riscv, s390; 7.0)", true),
        new Variant(
            "rcu-one-lock", "the same where one lock guards all tables (6.17: slow way)", true),
        new Variant("after-flush", "they go with the pages (csky, sh; unsafe)", true),
        new Variant("immediate", "they go at once (arc, xtensa; unsafe)", true));
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(
        Parameter.bytes("heap", "64G", 2 * MIB, TIB, "address space that is touched"),
        Parameter.bytes("piece", "1G", 2 * MIB, TIB, "how much is touched, then given back"),
        Parameter.count("touched", 1, 1, 512, "pages touched below each lowest table"),
        Parameter.count("threads", 4, 1, 256, "CPUs that run threads of the process"),
        Parameter.count("grace", 10_000, 0, 1_000_000, "microseconds that a grace period takes"));
  }

  @Override
  public List<Metric> metrics() {
    return List.of(
        new Metric("time_taken", Unit.NANOSECONDS), new Metric("refill", Unit.NANOSECONDS));
  }

  @Override
  public List<Breakdown.Category> parts() {
    return List.of(
        new Breakdown.Category("own flushes", "invalidations of the CPU that calls"),
        new Breakdown.Category("waiting", "for other CPUs' invalidations"),
        new Breakdown.Category("rest", "clearing, looking at tables, freeing"));
  }

  @Override
  public List<Breakdown.Category> otherParts() {
    return List.of(new Breakdown.Category("flush", "time that flushes took from other CPUs"));
  }

  @Override
  public List<Counted> counted() {
    return List.of(
        new Counted("tables kept", Unit.BYTES, "tables that are hooked in after the last piece"),
        new Counted("per TiB", Unit.BYTES, "the same for each TiB of heap"),
        new Counted("freed late", Unit.BYTES, "most tables that waited to be freed after a call"),
        new Counted("work later", Unit.NANOSECONDS, "time of freeing after grace periods"),
        new Counted("reclaimed", Unit.COUNT, "lowest tables taken out because they were empty"),
        new Counted("fast", Unit.COUNT, "of those, the ones whose upper lock was had at once"),
        new Counted("flushes", Unit.COUNT, "flushes of the address space while timed"),
        new Counted("grace periods", Unit.COUNT, "that ended, up to the last freed table"));
  }

  @Override
  public int samples() {
    return 1;
  }

  @Override
  public Sample run(Trial trial) {
    long heap = trial.values().number("heap");
    long piece = Math.min(heap, trial.values().number("piece"));
    int touched = (int) trial.values().number("touched");
    long graceNs = trial.values().number("grace") * 1000;
    long graceCycles = (long) (graceNs * trial.costs().ghz());
    try (SparseHeap process =
        new SparseHeap(
            machine(trial, heap, piece, touched), rules(trial), config(trial), graceCycles)) {
      process.shootdown().counters().reset();
      long cycles = 0;
      for (long at = 0; at < heap; at += piece) {
        process.touch(at, Math.min(piece, heap - at), touched);
        long start = process.cycles();
        process.dontNeed(at, Math.min(piece, heap - at));
        cycles += process.cycles() - start;
      }
      long kept = process.tableBytes();
      long later = process.laterCycles();
      double[] times = times(trial, process, cycles);
      double stolen = ns(trial, process.shootdown().counters().total(Counter.STOLEN_CYCLES));
      long flushes = process.shootdown().counters().total(Counter.MM_FLUSHES);
      long start = process.cycles();
      process.touch(0, piece, touched);
      double refill = ns(trial, process.cycles() - start);
      return new Sample(
          new double[] {ns(trial, cycles), refill},
          times,
          new double[] {stolen},
          new double[] {
            kept,
            (double) kept * TIB / heap,
            process.waitingBytesMax(),
            ns(trial, later),
            process.tables().reclaimedTables(),
            process.tables().reclaimedTablesFast(),
            flushes,
            process.settle()
          },
          List.of());
    }
  }

  private static double[] times(Trial trial, SparseHeap process, long cycles) {
    double own = ns(trial, process.shootdown().counters().total(Counter.OWN_CYCLES));
    double waiting = ns(trial, process.shootdown().counters().total(Counter.WAIT_CYCLES));
    return new double[] {own, waiting, ns(trial, cycles) - own - waiting};
  }

  private static double ns(Trial trial, long cycles) {
    return trial.costs().nanoseconds(cycles);
  }

  private static MachineConfig machine(Trial trial, long heap, long piece, int touched) {
    MachineFile file = trial.machine();
    boolean isX86 = file.architecture() == MachineFile.Architecture.X86_64;
    PteFormat format = PteFormat.named(file.format());
    long pages = piece / format.levelBytes(2) * touched * format.pageBytes();
    long mib = (heap / TABLE_SHARE + pages + SPARE_BYTES) / MIB;
    return new MachineConfig(
        file.name(),
        MemoryMap.parse(isX86 ? "0-640K,1M-" + mib + "M" : "1G-" + (mib + 1024) + "M"),
        format,
        TlbGeometries.named(file.tlb()),
        CostTables.of(trial.costs()),
        Math.toIntExact(trial.values().number("threads")));
  }

  private static TableRules rules(Trial trial) {
    boolean isOneLock = trial.variant().name().equals("rcu-one-lock");
    return isOneLock ? TableRules.ALL.withLocks(TableConfig.ONE_LOCK) : TableRules.ALL;
  }

  private static GatherConfig config(Trial trial) {
    PteFormat format = PteFormat.named(trial.machine().format());
    GatherConfig config = GatherConfig.of(format.architecture());
    return switch (trial.variant().name()) {
      case "keep" -> config.withReclaim(ReclaimRules.OFF);
      case "rcu-one-lock" -> config.withReclaim(ReclaimRules.LINUX_6_17);
      case "after-flush" -> config.withMode(FreeMode.AFTER_FLUSH);
      case "immediate" -> config.withMode(FreeMode.IMMEDIATE);
      default -> config;
    };
  }

  @Override
  public List<Finding> notes(Trial first) {
    return List.of(
        new Finding(
            Finding.Level.NOTE,
            "reported for the series: a process of 55 TiB address space, 590 GB resident, kept"
                + " 110 GB of lowest tables; one table for each 2 MiB touched once is 110 GiB for"
                + " 55 TiB, which is what the column \"per TiB\" times 55 gives"),
        new Finding(
            Finding.Level.NOTE,
            "how long a grace period takes is assumed (--set grace), not measured: it changes"
                + " \"freed late\" only"));
  }
}
