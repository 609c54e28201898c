package org.pagewright.faulty.mermap;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mmlocal.MmLocalRegion;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * The test for room subtracts unsigned numbers, although the reserved page lies above the limit of
 * normal requests ("mm: Add __GFP_UNMAPPED" RFC, mm/mermap.c; v2 compares instead).
 *
 * <p>Scenario: requests use a window up, the reserved one takes its last page, one more follows.
 */
public final class WrapsIntoNextCpu {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "mermap-wraps-into-next-cpu",
          10,
          PlantedBug.Status.CORROBORATED,
          "mermap-addresses",
          "the test for room wraps, and a mapping lands in the next CPU's window",
          Search.once(WrapsIntoNextCpu::run));

  private static final int DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  private WrapsIntoNextCpu() {}

  private static List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world =
        FaultyKernel.with((config, region, kernel, shootdown) ->
            new Wrapping(config, region, kernel, shootdown, isPlanted))) {
      world.runPrepared(0);
      Cpu cpu = world.cpu(0);
      Mermap mermap = world.mermap();
      long pageBytes = world.kernel().machine().format().pageBytes();
      long pfn = world.kernel().allocator().allocate(cpu, Gfp.KERNEL, 0);
      long pages = (long) MermapConfig.V2.windowPages() - MermapConfig.V2.reservePages();
      mermap.put(cpu, mermap.get(cpu, 0, pages * pageBytes, DATA));
      cpu.disablePreemption();
      mermap.put(cpu, mermap.getReserved(cpu, pfn, DATA));
      cpu.enablePreemption();
      long handle = mermap.get(cpu, pfn, pageBytes, DATA);
      if (handle != MermapHandle.NONE) {
        mermap.put(cpu, handle);
      }
      return world.inspect();
    }
  }

  /** A mermap whose test for room wraps. */
  private static final class Wrapping extends Mermap {
    private final boolean isPlanted;

    Wrapping(
        MermapConfig config,
        MmLocalRegion region,
        KernelMachine kernel,
        TlbShootdown shootdown,
        boolean isPlanted) {
      super(config, region, kernel, shootdown);
      this.isPlanted = isPlanted;
    }

    @Override
    protected boolean fits(long va, long bytes, long limit) {
      return isPlanted
          ? Long.compareUnsigned(bytes, limit - va) <= 0
          : super.fits(va, bytes, limit);
    }
  }
}
