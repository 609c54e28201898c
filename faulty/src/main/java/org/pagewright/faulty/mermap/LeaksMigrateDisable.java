package org.pagewright.faulty.mermap;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * When entries cannot be written, the request is undone except for {@code migrate_disable()} ("mm:
 * Add __GFP_UNMAPPED" RFC to v2, {@code __mermap_get()}).
 *
 * <p>Scenario: one request whose walk fails.
 */
public final class LeaksMigrateDisable implements PlantedBug {
  @Override
  public String name() {
    return "mermap-error-leaks-migrate-disable";
  }

  @Override
  public int gallery() {
    return 11;
  }

  @Override
  public Status status() {
    return Status.READING;
  }

  @Override
  public String oracle() {
    return "migration-balance";
  }

  @Override
  public List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world =
        FaultyKernel.with((config, region, kernel, shootdown) ->
            new Leaking(config, region, kernel, shootdown, isPlanted))) {
      world.runPrepared(0);
      long pageBytes = world.kernel().machine().format().pageBytes();
      long handle = world.mermap().get(world.cpu(0), 0, pageBytes, Rights.KERNEL_READ);
      assert handle == 0 : handle;
      return world.found();
    }
  }

  /** A mermap whose walks fail. */
  private static final class Leaking extends Mermap {
    private final boolean isPlanted;

    Leaking(
        MermapConfig config,
        MmLocalRegion region,
        KernelMachine kernel,
        TlbShootdown shootdown,
        boolean isPlanted) {
      super(
          config,
          region,
          kernel.tables(),
          kernel.allocator(),
          shootdown,
          kernel.machine().events(),
          kernel.machine().cpus());
      this.isPlanted = isPlanted;
    }

    @Override
    protected boolean walkSucceeds(Cpu cpu, long va) {
      return false;
    }

    @Override
    protected void releaseAfterFailedMap(Cpu cpu) {
      if (!isPlanted) {
        super.releaseAfterFailedMap(cpu);
      }
    }
  }
}
