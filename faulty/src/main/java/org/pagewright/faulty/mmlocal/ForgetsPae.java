package org.pagewright.faulty.mmlocal;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.faulty.ldt.LdtWorld;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtKernel;
import org.pagewright.kernel.mmlocal.MmLocalLayout;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/**
 * The region is shared through the top table only, where PAE has nothing to share: user mode has
 * its own table below ("mm: Add __GFP_UNMAPPED" RFC, patch 02/19, known issue 2 of its cover
 * letter).
 *
 * <p>Scenario: a process with an LDT on PAE.
 */
public final class ForgetsPae extends MmLocalRegion {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "mm-local-pae-pti-forgotten",
          52,
          PlantedBug.Status.CONFIRMED,
          "ldt-reachable",
          "with PAE user mode's tables lack the region",
          Search.once(ForgetsPae::world, world -> live(world)));

  private final boolean isPae;

  private ForgetsPae(KernelMachine kernel) {
    super(
        MmLocalLayout.of(kernel.machine().format()),
        Policy.ON_DEMAND,
        kernel.tables(),
        kernel.tablePages(),
        kernel.shootdown(),
        kernel.machine().events());
    this.isPae = layout().rootLevel() < kernel.machine().format().topLevel();
  }

  private static LdtWorld world(boolean isPlanted) {
    LdtKernel.Parts forgetful =
        new LdtKernel.Parts() {
          @Override
          public MmLocalRegion region(KernelMachine kernel) {
            return new ForgetsPae(kernel);
          }
        };
    return new LdtWorld("x86_64-pae", isPlanted ? forgetful : LdtKernel.Parts.SOUND);
  }

  private static void live(LdtWorld world) {
    if (world.start(world.kernel().cpu(0)) != null) {
      int error = world.write(world.kernel().cpu(0), 0);
      assert error == 0 : error;
    }
  }

  @Override
  protected void copyToUser(Cpu cpu, long userEntryPa, long entry) {
    if (!isPae) {
      super.copyToUser(cpu, userEntryPa, entry);
    }
  }
}
