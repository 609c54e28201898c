package org.pagewright.lab.experiment.suite;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.KpkeysConfig;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;
import org.pagewright.lab.experiment.CostFile;
import org.pagewright.lab.experiment.MachineFile;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Breakdown;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * What page tables under a protection key cost, by where protected pages come from.
 *
 * <p>Models the benchmarks of the cover letter of "pkeys-based page table hardening" v5 (2025-08):
 * fork and munmap of 1 GiB, vmalloc, and the page faults, forks and exits of kernbench. Left out:
 * user time, caches, the pages' own reclaim and accounting.
 */
final class TableHardening extends OutlinedExperiment {
  private static final long GIB = 1L << 30;
  private static final long PAGE_BYTES = 4096;
  private static final int VMALLOC_ROUNDS = 2000;
  private static final int PROCESSES = 20;
  private static final int FAULTS = 3000;
  private static final String UNBATCHED = "-unbatched";

  TableHardening() {
    super(
        new Outline(
            "table-hardening",
            "What do page tables under a protection key cost? Each design of the kpkeys series,"
                + " with and without lazy-MMU batching, and protected tables as a freetype, at work"
                + " that writes tables.",
            designs(),
            List.of(
                Parameter.choice(
                    "workload", "what is timed", "fork", "munmap", "vmalloc", "kernbench"),
                Parameter.bytes(
                    "size", "1G", PAGE_BYTES, 8 * GIB, "memory that fork and munmap cover"),
                Parameter.count("pages", 1, 1, 512, "pages of each vmalloc area"),
                Parameter.choice(
                    "linear-map", "leaves where a design leaves the choice", "blocks", "pages"),
                Parameter.bytes("memory", "8G", GIB / 8, 64 * GIB, "RAM of the machine"),
                Parameter.count("cpus", 4, 1, 1024, "logical CPUs")),
            List.of(new Metric("time_taken", Unit.NANOSECONDS)),
            List.of(
                new Breakdown.Category(
                    "registers", "writes of the key register and their barriers"),
                new Breakdown.Category("rest", "everything else")),
            List.of(new Breakdown.Category("flush", "time that flushes took from other CPUs")),
            List.of(
                new Counted("register writes", Unit.COUNT, "of POR_EL1 or IA32_PKRS while timed"),
                new Counted("key changes", Unit.COUNT, "calls that gave frames another key"),
                new Counted("flushes", Unit.COUNT, "flushes of kernel addresses while timed"),
                new Counted("splits", Unit.COUNT, "direct-map leaves split since boot"),
                new Counted("4K leaves", Unit.COUNT, "direct-map leaves of 4K at the end"),
                new Counted("2M leaves", Unit.COUNT, "direct-map leaves of 2M at the end"),
                new Counted("pages kept", Unit.COUNT, "protected pages in caches and reserves"),
                new Counted("fewest kept", Unit.COUNT, "pages that a split left for the next one"),
                new Counted("split depth", Unit.COUNT, "deepest nesting of splits"),
                new Counted("splits unserved", Unit.COUNT, "splits that found no protected page"),
                new Counted("keys at boot", Unit.COUNT, "key changes that early tables took")),
            /* samples= */ 1));
  }

  private static List<Variant> designs() {
    List<Variant> variants = new ArrayList<>();
    for (KpkeysConfig config : KpkeysConfig.all()) {
      String supply =
          switch (config.supply()) {
            case NONE -> "tables are not protected";
            case CONSTRUCTOR -> "by table constructors, linear map mapped by pages";
            case PAGE -> "each page by itself, linear map mapped by pages";
            case BLOCK -> "a block allocator with a reserve for splits";
            case FREETYPE -> "protected pageblocks of the page allocator";
          };
      variants.add(new Variant(config.name(), supply, true));
      if (config.supply() != KpkeysConfig.Supply.NONE) {
        String summary = supply + "; the level is raised for each entry";
        variants.add(new Variant(config.name() + UNBATCHED, summary, true));
      }
    }
    return variants;
  }

  @Override
  public Sample run(Trial trial) {
    KpkeysConfig config = config(trial.variant().name());
    boolean byPages = config.needsPages() || trial.values().text("linear-map").equals("pages");
    KernelConfig boot = kernelConfig(trial, byPages);
    SeededChoices choices = new SeededChoices(trial.seed());
    boolean isOff = config.supply() == KpkeysConfig.Supply.NONE;
    HardenedTables hardened = isOff ? null : HardenedTables.boot(boot, config, choices);
    try (KernelMachine kernel =
        hardened == null ? KernelMachine.boot(boot, choices) : hardened.kernel()) {
      return measure(trial, kernel, hardened);
    }
  }

  private static KpkeysConfig config(String variant) {
    boolean batches = !variant.endsWith(UNBATCHED);
    String name = variant.replace(UNBATCHED, "");
    return KpkeysConfig.named(name).withBatches(batches);
  }

  private static KernelConfig kernelConfig(Trial trial, boolean byPages) {
    MachineFile file = trial.machine();
    boolean isX86 = file.architecture() == MachineFile.Architecture.X86_64;
    long mib = trial.values().number("memory") >> 20;
    MachineConfig machine =
        new MachineConfig(
            file.name(),
            MemoryMap.parse(isX86 ? "0-640K,1M-" + mib + "M" : "1G-" + (mib + 1024) + "M"),
            PteFormat.named(file.format()),
            TlbGeometries.named(file.tlb()),
            CostTables.of(trial.costs()),
            Math.toIntExact(trial.values().number("cpus")));
    KernelConfig config = KernelConfig.of(machine);
    return config.withDirectMap(config.directMap().withLargestLeafLevel(byPages ? 1 : 3));
  }

  private static Sample measure(
      Trial trial, KernelMachine kernel, @Nullable HardenedTables hardened) {
    TableWorkload work = new TableWorkload(kernel, hardened);
    String kind = trial.values().text("workload");
    long pages = trial.values().number("size") / PAGE_BYTES;
    long root = work.root();
    long child = work.root();
    if (kind.equals("fork") || kind.equals("munmap")) {
      work.populate(root, pages, /* isFault= */ false);
    }
    DirectMap map = kernel.directMap();
    kernel.shootdown().counters().reset();
    long switches = hardened == null ? 0 : hardened.keys().switches();
    long keyChanges = map.keyChanges();
    long start = kernel.cpu(0).cycles();
    switch (kind) {
      case "fork" -> work.fork(root, child, pages);
      case "munmap" -> work.munmap(root, pages);
      case "vmalloc" -> {
        for (int i = 0; i < VMALLOC_ROUNDS; i++) {
          work.vmalloc(trial.values().number("pages"));
        }
      }
      default -> compile(work);
    }
    CostFile costs = trial.costs();
    double ns = costs.nanoseconds(kernel.cpu(0).cycles() - start);
    switches = hardened == null ? 0 : hardened.keys().switches() - switches;
    double registers = costs.nanoseconds(switches * registerCycles(trial));
    double stolen = costs.nanoseconds(kernel.shootdown().counters().total(Counter.STOLEN_CYCLES));
    return new Sample(
        new double[] {ns},
        new double[] {registers, ns - registers},
        new double[] {stolen},
        new double[] {
          switches,
          map.keyChanges() - keyChanges,
          kernel.shootdown().counters().total(Counter.KERNEL_FLUSHES),
          map.splits(2) + map.splits(3),
          map.leaves(1),
          map.leaves(2),
          hardened == null ? 0 : hardened.pages().keptPages(),
          hardened == null ? 0 : hardened.pages().keptPagesMin(),
          map.splitDepthMax(),
          hardened == null ? 0 : hardened.pages().unserved(),
          hardened == null ? 0 : hardened.earlyKeyChanges()
        },
        problems(hardened));
  }

  private static List<String> problems(@Nullable HardenedTables hardened) {
    boolean isRefused = hardened != null && hardened.deniedWrites() > 0;
    return isRefused ? List.of("a guarded write was refused") : List.of();
  }

  private static long registerCycles(Trial trial) {
    boolean isArm64 = trial.machine().architecture() == MachineFile.Architecture.ARM64;
    CostFile.Cost cost = trial.costs().costs().get(isArm64 ? "write-por" : "wrmsr");
    return cost == null ? 0 : trial.costs().cycles(cost);
  }

  private static void compile(TableWorkload work) {
    for (int i = 0; i < PROCESSES; i++) {
      long parent = work.root();
      long child = work.root();
      work.populate(parent, FAULTS, /* isFault= */ true);
      work.fork(parent, child, FAULTS);
      work.munmap(parent, FAULTS);
      work.munmap(child, FAULTS);
      work.exit(parent);
      work.exit(child);
    }
  }

  /** The table of v5's cover letter: time over 6.17-rc1, without and with batching. */
  private static String published(String workload) {
    return switch (workload) {
      case "fork" ->
          "fork of 1 GiB +217.31 % without and -0.97 % with batching, PTE-mapped large"
              + " folios +275.25 % and +2.25 %";
      case "munmap" ->
          "munmap of 1 GiB +15.57 % without and -1.95 % with batching, PTE-mapped"
              + " large folios +169.53 % and +6.53 %";
      case "vmalloc" ->
          "vmalloc of 1 page +17.35 % without and +14.62 % with batching, of 4 pages"
              + " +37.54 % and +9.35 %, of 16 +66.08 % and +3.15 %, of 64 +82.94 % and -0.39 %, of"
              + " 256 +87.85 % and -1.67 %";
      default ->
          "kernbench's system time +3.97 % without and +2.17 % with batching, real time"
              + " +0.30 % and +0.11 %";
    };
  }

  @Override
  public List<Finding> notes(Trial first) {
    boolean byPages = first.values().text("linear-map").equals("pages");
    return List.of(
        note(
            "published for v5 on Graviton3 with CONTEXTIDR_EL1 in place of POR_EL1, over 6.17-rc1,"
                + " linear map by pages: "
                + published(first.values().text("workload"))),
        note(
            byPages
                ? "every design maps the linear map by pages here, as v5's measurement did; v6 then"
                    + " protects pages one by one"
                : "the unprotected reference maps memory by large leaves; v5 and v7 cannot, so that"
                    + " their flushes of single keys count too (linear-map=pages leaves that out)"),
        note(
            "no measurement of POR_EL1 with its barrier or of IA32_PKRS was found: 50 cycles (an"
                + " ISB of about 40 is published) and a serialising WRMSR's 250, not fitted;"
                + " Intel's manual exempts IA32_PKRS from serialising (quoted from memory), and the"
                + " user-mode register took 10.3 ns on our guest (try --set-cost wrmsr=10.3); the"
                + " model does less work per entry than Linux, so its shares are upper bounds"));
  }

  private static Finding note(String text) {
    return new Finding(Finding.Level.NOTE, text);
  }
}
