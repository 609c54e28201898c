package org.pagewright.faulty.directmap;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.ArmKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.directmap.SplitRules;

/**
 * Changing the linear map takes a mutex even where every leaf is a page and nothing is to be split,
 * and DEBUG_PAGEALLOC and KFENCE change it where sleeping is forbidden (arch/arm64/mm/mmu.c as
 * merged with a166563e7ec3; fixed by Ryan Roberts in November 2025). The rules as merged are the
 * bug, those of Linux 6.18 the fix.
 *
 * <p>Scenario: with DEBUG_PAGEALLOC, hence a map of pages, a page leaves the map and returns, as
 * when it is freed in a softirq.
 */
public final class SplitSleepsInAtomic {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "linear-map-split-sleeps-in-atomic",
          29,
          PlantedBug.Status.CONFIRMED,
          "execution-rules",
          "changing the linear map takes a mutex where sleeping is forbidden",
          Search.once(SplitSleepsInAtomic::kernel, SplitSleepsInAtomic::freeInSoftirq));

  private SplitSleepsInAtomic() {}

  private static ArmKernel kernel(boolean isPlanted) {
    SplitRules rules = isPlanted ? SplitRules.AS_MERGED : SplitRules.LINUX_6_18;
    return new ArmKernel(rules, /* largestLeafLevel= */ 1);
  }

  private static void freeInSoftirq(ArmKernel kernel) {
    Cpu cpu = kernel.cpu(0);
    long pfn = kernel.allocate(/* order= */ 0);
    cpu.disablePreemption();
    int gone = kernel.map().setValidInAtomic(cpu, pfn, 1, /* valid= */ false);
    int back = kernel.map().setValidInAtomic(cpu, pfn, 1, /* valid= */ true);
    cpu.enablePreemption();
    assert gone == 0 && back == 0 : gone + " " + back;
  }
}
