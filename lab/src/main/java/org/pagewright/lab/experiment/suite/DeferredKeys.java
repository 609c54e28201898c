package org.pagewright.lab.experiment.suite;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.kpkeys.DeferredPages;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.KpkeysConfig;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.lab.experiment.Parameter;
import org.pagewright.lab.experiment.Sample;
import org.pagewright.lab.experiment.Trial;
import org.pagewright.lab.experiment.Variant;
import org.pagewright.lab.report.Finding;
import org.pagewright.lab.report.Unit;

/**
 * What happens if the tables of a split stay unprotected for a moment: how long the chain of
 * protections gets, and how many tables are unprotected at once.
 *
 * <p>Asks the question of Brendan Jackman and Kevin Brodsky under "mm: Add __GFP_UNMAPPED" (March
 * 2026). Memory is left free in single pages, so that no design finds whole blocks.
 */
final class DeferredKeys extends OutlinedExperiment {
  private static final int BLOCK_ORDER = 9;
  private static final int BLOCK_PAGES = 1 << BLOCK_ORDER;
  private static final int WITH_RESERVES = Gfp.KERNEL | Gfp.MEMALLOC | Gfp.NOWARN;
  private static final String DEFERRED = "deferred";

  DeferredKeys() {
    super(
        new Outline(
            "deferred-keys",
            "May a table stay unprotected for a short time? Tables are taken from fragmented memory"
                + " mapped by large leaves. Without a reserve the tables of each split are"
                + " protected afterwards, which may split again; beside it the designs with a"
                + " reserve.",
            List.of(
                new Variant(DEFERRED, "no reserve: split tables are protected afterwards", true),
                new Variant("v6", "a cache of protected pages, 2 + 2 for splits", true),
                new Variant("freetype", "protected pageblocks, five pages for splits", true)),
            List.of(
                Parameter.count("tables", 2000, 1, 100_000, "tables that are taken"),
                Parameter.count("free", 4, 1, 128, "free pages left in each 2M"),
                Parameter.count("neighbours", 1, 1, 64, "of these, how many lie side by side"),
                Parameter.choice("order", "in which free pages are found", "spread", "shuffled"),
                Parameter.bytes("memory", "4G", 256L << 20, 64L << 30, "RAM of the machine")),
            List.of(new Metric("longest_chain", Unit.COUNT)),
            /* parts= */ List.of(),
            /* otherParts= */ List.of(),
            List.of(
                new Counted("taken", Unit.COUNT, "tables that were had"),
                new Counted("unprotected", Unit.COUNT, "most tables without their key at once"),
                new Counted("deferred", Unit.COUNT, "tables used before they had their key"),
                new Counted("never", Unit.COUNT, "tables in use that never got their key"),
                new Counted("splits", Unit.COUNT, "leaves split while tables were taken"),
                new Counted("unserved", Unit.COUNT, "splits that found no page")),
            /* samples= */ 1));
  }

  @Override
  public Sample run(Trial trial) {
    boolean defers = trial.variant().name().equals(DEFERRED);
    KpkeysConfig config = KpkeysConfig.named(defers ? "v7" : trial.variant().name());
    DeferredPages[] made = new DeferredPages[1];
    HardenedTables.PagesMaker maker =
        defers
            ? (design, allocator, map) -> made[0] = new DeferredPages(allocator, map)
            : HardenedTables::supply;
    Choices choices = new SeededChoices(trial.seed());
    HardenedTables hardened = HardenedTables.boot(kernelConfig(trial), config, choices, maker);
    try (KernelMachine kernel = hardened.kernel()) {
      return measure(trial, kernel, hardened, made[0], choices);
    }
  }

  private static KernelConfig kernelConfig(Trial trial) {
    MachineConfig machine =
        MachineConfig.small(PteFormat.named(trial.machine().format()))
            .withMap(MemoryMap.of(trial.values().number("memory")));
    return KernelConfig.of(machine).withMemmapBytesPerPage(0);
  }

  private static Sample measure(
      Trial trial,
      KernelMachine kernel,
      HardenedTables hardened,
      @Nullable DeferredPages deferred,
      Choices choices) {
    Cpu cpu = kernel.cpu(0);
    if (deferred != null) {
      deferred.settle(cpu);
    }
    fragment(trial, kernel, choices);
    if (deferred != null) {
      deferred.resetCounts();
    }
    DirectMap map = kernel.directMap();
    long splits = map.splits(2) + map.splits(3);
    long unserved = hardened.pages().unserved();
    long wanted = trial.values().number("tables");
    long taken = 0;
    while (taken < wanted
        && kernel.tables().allocateTable(cpu, 1, hardened.tables()) != TableSource.NONE) {
      taken++;
    }
    return new Sample(
        new double[] {deferred == null ? 0 : deferred.linksMax()},
        new double[0],
        new double[0],
        new double[] {
          taken,
          deferred == null ? 0 : deferred.unprotectedMax(),
          deferred == null ? 0 : deferred.deferred(),
          deferred == null ? 0 : deferred.abandoned(),
          map.splits(2) + map.splits(3) - splits,
          hardened.pages().unserved() - unserved
        },
        List.of());
  }

  /** Takes all memory and gives back single pages, or small groups, of each block. */
  private static void fragment(Trial trial, KernelMachine kernel, Choices choices) {
    PageAllocator allocator = kernel.allocator();
    Cpu cpu = kernel.cpu(0);
    List<Long> blocks = new ArrayList<>();
    for (int order = BLOCK_ORDER; order >= 0; order--) {
      long pfn = allocator.allocate(cpu, WITH_RESERVES, order);
      while (pfn != PageAllocator.NONE) {
        if (order == BLOCK_ORDER) {
          blocks.add(pfn);
        }
        pfn = allocator.allocate(cpu, WITH_RESERVES, order);
      }
    }
    int group = Math.toIntExact(trial.values().number("neighbours"));
    int groups = Math.max(1, Math.toIntExact(trial.values().number("free")) / group);
    int apart = Math.max(2, Integer.highestOneBit(BLOCK_PAGES / groups));
    List<Long> found = new ArrayList<>();
    for (int i = 0; i < groups; i++) {
      for (long block : blocks) {
        found.add(block + (long) i * apart);
      }
    }
    if (trial.values().text("order").equals("shuffled")) {
      shuffle(found, choices);
    }
    int order = Integer.numberOfTrailingZeros(Integer.highestOneBit(group));
    for (long pfn : found) {
      allocator.freeToBuddy(cpu.id(), pfn, order, /* toTail= */ true);
    }
  }

  private static void shuffle(List<Long> pfns, Choices choices) {
    for (int i = pfns.size() - 1; i > 0; i--) {
      int other = choices.pick(i + 1, "which free page comes next");
      long pfn = pfns.get(i);
      pfns.set(i, pfns.get(other));
      pfns.set(other, pfn);
    }
  }

  @Override
  public List<Finding> notes(Trial first) {
    return List.of(
        new Finding(
            Finding.Level.NOTE,
            "a chain counts protections that follow from one; v6 and freetype never have an"
                + " unprotected table and refuse one when they find no block"));
  }
}
