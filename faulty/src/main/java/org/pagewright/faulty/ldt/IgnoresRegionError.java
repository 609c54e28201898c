package org.pagewright.faulty.ldt;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/**
 * The LDT is mapped although the region could not be made ready, so that user mode's tables lack it
 * and its tables are never freed ("x86/mm: Generalize LDT remap into mm-local region" v2, {@code
 * map_ldt_struct()}).
 *
 * <p>Scenario: processes with LDTs with every request for memory failing in turn.
 */
public final class IgnoresRegionError extends ModifyLdt {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "ldt-init-error-ignored",
          7,
          PlantedBug.Status.CONFIRMED,
          "ldt-reachable",
          "the LDT is mapped although the region could not be made ready",
          LdtWorld.failingLives(IgnoresRegionError::new));

  private IgnoresRegionError(KernelMachine kernel, MmLocalRegion region) {
    super(kernel, region);
  }

  @Override
  protected int prepareRegion(Cpu cpu, Mm mm) {
    int ignored = super.prepareRegion(cpu, mm);
    return Math.max(0, ignored);
  }
}
