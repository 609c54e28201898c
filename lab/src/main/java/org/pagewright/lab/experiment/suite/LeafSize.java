package org.pagewright.lab.experiment.suite;

import java.util.List;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;
import org.pagewright.lab.experiment.MachineFile;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * What the largest leaf of the direct map decides: tables, translations that the TLB holds, and
 * misses of the kernel's own accesses.
 *
 * <p>Asks the question of Brendan Jackman under "mm: Add __GFP_UNMAPPED" (March 2026), whether a
 * direct map at pageblock granularity from boot would be acceptable. Left out: user accesses, which
 * share the TLB, caches, and prefetching of translations.
 */
final class LeafSize extends OutlinedExperiment {
  private static final int BLOCK_ORDER = 9;
  private static final long BLOCK_BYTES = 2L << 20;
  private static final int HOT_PERCENT = 90;
  private static final int HOT_PART = 16;
  private static final int BLOCKS_BETWEEN = 8;

  LeafSize() {
    super(
        new Outline(
            "leaf-size",
            "Is a direct map at pageblock granularity from boot acceptable? Tables, leaves and TLB"
                + " misses of the kernel's accesses for leaves of 1G, 2M and 4K from boot, and for"
                + " 1G leaves that are split as pageblocks change.",
            List.of(
                new Variant("1g", "leaves of 1G, nothing split", true),
                new Variant("lazy", "leaves of 1G, split as pageblocks are taken", true),
                new Variant("2m", "leaves of a pageblock from boot", true),
                new Variant("4k", "leaves of a page from boot", true)),
            List.of(
                Parameter.bytes("memory", "16G", 256L << 20, 1L << 40, "RAM of the machine"),
                Parameter.bytes("touched", "8G", 2L << 20, 1L << 40, "RAM that is accessed"),
                Parameter.choice("pattern", "of accesses", "random", "hot", "sequential"),
                Parameter.count("accesses", 400_000, 1000, 100_000_000, "accesses"),
                Parameter.count("changed", 5, 0, 100, "percent of pageblocks that lazy changes")),
            List.of(new Metric("time_per_access", Unit.NANOSECONDS)),
            /* parts= */ List.of(),
            /* otherParts= */ List.of(),
            List.of(
                new Counted("misses", Unit.COUNT, "accesses that walked, of 1,000"),
                new Counted("second level", Unit.COUNT, "hits of the second level, of 1,000"),
                new Counted("leaves 1G", Unit.COUNT, "leaves of 1G when accesses begin"),
                new Counted("leaves 2M", Unit.COUNT, "leaves of 2M then"),
                new Counted("leaves 4K", Unit.COUNT, "leaves of 4K then"),
                new Counted("tables", Unit.COUNT, "pages of kernel tables then"),
                new Counted("splits", Unit.COUNT, "leaves split on the way"),
                new Counted("flushes", Unit.COUNT, "flushes of kernel addresses on the way")),
            /* samples= */ 1));
  }

  @Override
  public Sample run(Trial trial) {
    try (KernelMachine kernel =
        KernelMachine.boot(kernelConfig(trial), new SeededChoices(trial.seed()))) {
      kernel.shootdown().counters().reset();
      if (trial.variant().name().equals("lazy")) {
        changeBlocks(trial, kernel);
      }
      return measure(trial, kernel);
    }
  }

  private static KernelConfig kernelConfig(Trial trial) {
    MachineFile file = trial.machine();
    MachineConfig machine =
        new MachineConfig(
            file.name(),
            MemoryMap.of(trial.values().number("memory")),
            PteFormat.named(file.format()),
            TlbGeometries.named(file.tlb()),
            CostTables.of(trial.costs()),
            /* cpus= */ 1);
    int largest =
        switch (trial.variant().name()) {
          case "4k" -> 1;
          case "2m" -> 2;
          default -> 3;
        };
    KernelConfig config = KernelConfig.of(machine);
    return config.withDirectMap(config.directMap().withLargestLeafLevel(largest));
  }

  /** Takes pageblocks out of the direct map, from places that chance picks. */
  private static void changeBlocks(Trial trial, KernelMachine kernel) {
    Cpu cpu = kernel.cpu(0);
    Choices choices = new SeededChoices(trial.seed());
    PageAllocator allocator = kernel.allocator();
    long blocks = trial.values().number("memory") / BLOCK_BYTES;
    long changed = blocks * trial.values().number("changed") / 100;
    for (long i = 0; i < changed; i++) {
      // What lies between two changed blocks is in use by others.
      for (int used = choices.pick(BLOCKS_BETWEEN, "pageblocks in use"); used > 0; used--) {
        if (allocator.allocate(cpu, Gfp.KERNEL | Gfp.NOWARN, BLOCK_ORDER) == PageAllocator.NONE) {
          return;
        }
      }
      int flags = AllocFlags.UNMAPPED;
      if (allocator.allocate(cpu, Gfp.KERNEL | Gfp.NOWARN, BLOCK_ORDER, flags)
          == PageAllocator.NONE) {
        return;
      }
    }
  }

  private static Sample measure(Trial trial, KernelMachine kernel) {
    Cpu cpu = kernel.cpu(0);
    DirectMap map = kernel.directMap();
    double[] leaves = {map.leaves(3), map.leaves(2), map.leaves(1)};
    Choices choices = new SeededChoices(trial.seed() + 1);
    long accesses = trial.values().number("accesses");
    long secondLevelHits = cpu.tlb().secondLevelHits();
    long start = cpu.cycles();
    long misses = 0;
    for (long i = 0; i < accesses; i++) {
      long pfn = frame(trial, choices, i);
      while (!map.isPresentNow(pfn)) {
        pfn = frame(trial, choices, i + pfn); // the kernel does not touch what it has unmapped
      }
      long before = cpu.cycles();
      cpu.load(map.va(pfn), Access.READ);
      misses += cpu.cycles() > before ? 1 : 0;
    }
    double ns = trial.costs().nanoseconds(cpu.cycles() - start) / accesses;
    long hits = cpu.tlb().secondLevelHits() - secondLevelHits;
    return new Sample(
        new double[] {ns},
        new double[0],
        new double[0],
        new double[] {
          1000.0 * misses / accesses,
          1000.0 * hits / accesses,
          leaves[0],
          leaves[1],
          leaves[2],
          kernel.tables().tables(),
          map.splits(2) + map.splits(3),
          kernel.shootdown().counters().total(Counter.KERNEL_FLUSHES)
        },
        List.of());
  }

  private static long frame(Trial trial, Choices choices, long i) {
    long touched = Math.min(trial.values().number("touched"), trial.values().number("memory"));
    int frames = Math.toIntExact(touched >>> 12);
    return switch (trial.values().text("pattern")) {
      case "sequential" -> i % frames;
      case "hot" ->
          choices.pick(100, "hot") < HOT_PERCENT
              ? choices.pick(frames / HOT_PART, "frame")
              : choices.pick(frames, "frame");
      default -> choices.pick(frames, "frame");
    };
  }

  @Override
  public List<Finding> notes(Trial first) {
    return List.of(
        new Finding(
            Finding.Level.NOTE,
            "time is that of walks alone: a hit costs nothing, and user memory does not compete for"
                + " the TLB; a table entry read by a walk costs tlb-walk-reference"));
  }
}
