package org.pagewright.faulty.tlbflush;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.tlbflush.FlushOrder;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * CPUs that keep an address space lazily are not interrupted even when its tables are freed, and
 * speculation may walk them (arch/x86/mm/tlb.c before commit 2ff6ddf19c0e, 2018).
 *
 * <p>Scenario: CPU 1 uses a process's region and goes on with a kernel thread; CPU 0 ends the
 * process, whose tables are freed.
 */
public final class SparesLazyCpus {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "lazy-tlb-walks-freed-table",
          38,
          PlantedBug.Status.CONFIRMED,
          "freed-frame-translations",
          "freeing tables spares CPUs that keep the address space lazily",
          Search.once(SparesLazyCpus::run));

  private SparesLazyCpus() {}

  private static List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world = FaultyKernel.with(kernel -> new Sparing(kernel, isPlanted))) {
      Mm mm = world.runPrepared(1);
      Cpu user = world.cpu(1);
      long pageBytes = world.kernel().machine().format().pageBytes();
      long handle = world.mermap().get(user, 0, pageBytes, Rights.KERNEL_READ);
      long value = user.load(MermapHandle.va(handle), Access.READ);
      assert value == 0 : value;
      world.mermap().put(user, handle);
      world.runKernelThread(1);
      world.processes().exit(world.cpu(0), mm);
      return world.inspect();
    }
  }

  /** Flushes that leave lazy CPUs alone. */
  private static final class Sparing extends TlbShootdown {
    private final boolean isPlanted;

    Sparing(KernelMachine kernel, boolean isPlanted) {
      super(kernel.machine(), kernel.shootdown().config(), kernel.shootdown().kernelMm());
      this.isPlanted = isPlanted;
    }

    @Override
    protected boolean mustInterrupt(Cpu cpu, FlushOrder request) {
      boolean isSpared = isPlanted && cpu.isLazy();
      return !isSpared && super.mustInterrupt(cpu, request);
    }
  }
}
