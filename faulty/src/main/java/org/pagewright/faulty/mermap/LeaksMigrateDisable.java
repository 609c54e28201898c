package org.pagewright.faulty.mermap;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.fault.FaultSearch;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * When entries cannot be written, the request is undone except for {@code migrate_disable()} ("mm:
 * Add __GFP_UNMAPPED" RFC to v2, {@code __mermap_get()}).
 *
 * <p>Scenario: a process prepares its mermap and maps a page; every request for memory and every
 * walk fails once.
 */
public final class LeaksMigrateDisable extends Mermap {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "mermap-error-leaks-migrate-disable",
          11,
          PlantedBug.Status.READING,
          "migration-balance",
          "a failed request leaves migration disabled",
          FaultSearch.of(LeaksMigrateDisable::mapOnce, /* pairsMax= */ 100));

  private LeaksMigrateDisable(
      MermapConfig config, MmLocalRegion region, KernelMachine kernel, TlbShootdown shootdown) {
    super(config, region, kernel, shootdown);
  }

  private static Trial<FaultyKernel> mapOnce(boolean isPlanted) {
    return Trial.of(
        () -> isPlanted ? FaultyKernel.with(LeaksMigrateDisable::new) : FaultyKernel.sound(),
        "map a page",
        LeaksMigrateDisable::mapOnce);
  }

  private static long mapOnce(FaultyKernel world, Cpu cpu) {
    int error = world.tryRunPrepared(cpu.id());
    if (error != 0) {
      return error;
    }
    long pageBytes = world.machine().format().pageBytes();
    long handle = world.mermap().get(cpu, 0, pageBytes, Rights.KERNEL_READ);
    if (handle == MermapHandle.NONE) {
      return -Errno.ENOMEM;
    }
    world.mermap().put(cpu, handle);
    return 0;
  }

  @Override
  protected void releaseAfterFailedMap(Cpu cpu) {
    // The bug: migration stays off.
  }
}
