package org.pagewright.faulty.directmap;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.ArmKernel;
import org.pagewright.kernel.directmap.BootPhase;
import org.pagewright.kernel.directmap.SplitRules;

/**
 * Leaves of the linear map are not split until what all CPUs can do is known, although the boot CPU
 * runs alone and can do it; whoever changes a part of a leaf then warns (arch/arm64/mm/mmu.c, Linux
 * 6.18; reported for realm guests by Jinjiang Tu in March 2026, fixed by f12b435de2f2). The rules
 * of Linux 6.18 are the bug, those of 7.1 the fix.
 *
 * <p>Scenario: before other CPUs are started, four pages of a 2M leaf are changed, as a driver does
 * that shares its buffers with the host; then the second CPU comes up, and boot ends.
 */
public final class SplitRefusedAtBoot {
  private static final int ORDER = 2;

  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "linear-map-split-refused-at-boot",
          30,
          PlantedBug.Status.CONFIRMED,
          "warnings",
          "the boot CPU refuses to split leaves that it may split",
          Search.once(SplitRefusedAtBoot::kernel, SplitRefusedAtBoot::shareBuffers));

  private SplitRefusedAtBoot() {}

  private static ArmKernel kernel(boolean isPlanted) {
    SplitRules rules = isPlanted ? SplitRules.LINUX_6_18 : SplitRules.LINUX_7_1;
    return new ArmKernel(rules, /* largestLeafLevel= */ 2);
  }

  private static void shareBuffers(ArmKernel kernel) {
    long pfn = kernel.allocate(ORDER);
    kernel.cpu(1).setOnline(false);
    kernel.map().enter(BootPhase.BOOT_CPU);
    int error = kernel.map().setValidNoflush(kernel.cpu(0), pfn, 1 << ORDER, /* valid= */ false);
    assert error <= 0 : error;
    kernel.map().enter(BootPhase.SECONDARIES);
    kernel.cpu(1).setOnline(true);
    int finished = kernel.map().finishBoot(kernel.cpu(0));
    assert finished == 0 : finished;
  }
}
