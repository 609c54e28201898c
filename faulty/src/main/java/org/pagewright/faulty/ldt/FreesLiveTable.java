package org.pagewright.faulty.ldt;

import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtTable;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/**
 * When the new table cannot be mapped, the old one is freed, loaded as it is, and the new one is
 * lost (arch/x86/kernel/ldt.c before commit a62d69857aab, 2017). Only the first write of a process
 * can fail so, when there is no old one: what shows is the loss.
 *
 * <p>Scenario: processes with LDTs with every request for memory failing in turn.
 */
public final class FreesLiveTable extends ModifyLdt {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "ldt-error-path-frees-live-ldt",
          49,
          PlantedBug.Status.CONFIRMED,
          "nothing-lost",
          "when the new LDT cannot be mapped, the live one is freed",
          LdtWorld.failingLives(FreesLiveTable::new));

  private FreesLiveTable(KernelMachine kernel, MmLocalRegion region) {
    super(kernel, region);
  }

  @Override
  protected @Nullable LdtTable releasedAfterFailedMap(LdtTable fresh, @Nullable LdtTable old) {
    return old;
  }
}
