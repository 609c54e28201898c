package org.pagewright.faulty.ldt;

import org.jspecify.annotations.Nullable;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtTable;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/**
 * The warning of a failure that cannot be is written of the one that can: when there is no LDT yet
 * ("x86/mm: Generalize LDT remap into mm-local region" v2, {@code write_ldt()}).
 *
 * <p>Scenario: processes with LDTs with every request for memory failing in turn.
 */
public final class WarnsOfLegalFailure extends ModifyLdt {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "ldt-warn-condition-inverted",
          9,
          PlantedBug.Status.CONFIRMED,
          "warnings",
          "the warning is given of the failure that is legal",
          LdtWorld.failingLives(WarnsOfLegalFailure::new));

  private WarnsOfLegalFailure(KernelMachine kernel, MmLocalRegion region) {
    super(kernel, region);
  }

  @Override
  protected boolean warnsAfterFailedMap(@Nullable LdtTable old) {
    return old == null;
  }
}
