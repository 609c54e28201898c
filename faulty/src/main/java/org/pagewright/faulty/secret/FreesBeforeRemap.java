package org.pagewright.faulty.secret;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.SmallKernel;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretmemConfig;

/**
 * Whoever loses the race for a page of a secret file frees its own frame first and puts it back
 * into the direct map then (mm/secretmem.c until commit 6f86d0534fdd, October 2025).
 *
 * <p>Scenario: two CPUs touch the same page of a file, in every order of their steps.
 */
public final class FreesBeforeRemap extends SecretPageCache {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "secretmem-freed-before-remap",
          6,
          PlantedBug.Status.CONFIRMED,
          "free-memory-agreement",
          "the loser of a race frees its frame before it is in the direct map",
          Search.exhaust(FreesBeforeRemap::doubleFault, /* preemptionsMax= */ 2));

  private FreesBeforeRemap(SecretPages pages) {
    super(pages, SecretmemConfig.Backing.REMOVE_EACH);
  }

  private static Trial<SmallKernel> doubleFault(boolean isPlanted) {
    PteFormat format = PteFormat.named("x86_64-4level");
    SmallKernel.FileMaker files = isPlanted ? FreesBeforeRemap::new : SmallKernel.FileMaker.sound();
    return Scenario.named("secretmem-double-fault").on(() -> new SmallKernel(format, files));
  }

  @Override
  protected void restoreThenFree(Cpu cpu, long pfn) {
    free(cpu, pfn);
    boolean isRestored = restore(cpu, pfn);
    assert isRestored : pfn;
  }
}
