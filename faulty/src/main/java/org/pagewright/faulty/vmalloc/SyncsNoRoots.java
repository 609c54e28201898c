package org.pagewright.faulty.vmalloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.vmalloc.KernelRoots;
import org.pagewright.kernel.vmalloc.KernelVmap;
import org.pagewright.kernel.vmalloc.SharedRoots;

/**
 * A new top-level entry is made in the kernel's own root only (mm/sparse-vmemmap.c and
 * arch/x86/mm/init_64.c before commits 7cc183f2e67d and f2d2f9598ebb, 2025).
 *
 * <p>Scenario: a process runs; the kernel maps a range that begins in one top-level entry and ends
 * in the next.
 */
public final class SyncsNoRoots {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "new-top-level-entry-not-synced",
          55,
          PlantedBug.Status.CONFIRMED,
          "kernel-halves-equal",
          "a new top-level entry is made in one root only",
          Search.once(SyncsNoRoots::run));

  private static final long TOP_BYTES = 512L << 30;
  private static final long PAGE_BYTES = 1 << 12;

  private SyncsNoRoots() {}

  private static List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world = FaultyKernel.sound()) {
      KernelMachine kernel = world.kernel();
      Cpu cpu = world.cpu(0);
      SharedRoots roots = new SharedRoots(kernel.tables(), kernel.rootPa());
      world.processes().add(roots);
      world.runPrepared(0);
      KernelVmap vmap =
          new KernelVmap(
              kernel.tables(),
              kernel.directMap(),
              kernel.tablePages(),
              world.shootdown(),
              isPlanted ? KernelRoots.ONE : roots,
              kernel.machine().events());
      long boundary = kernel.layout().vmallocBase() + TOP_BYTES & -TOP_BYTES;
      PageRange range = new PageRange(boundary - PAGE_BYTES, 16 << 20, 2 * PAGE_BYTES);
      int error = vmap.map(cpu, range, Rights.KERNEL_READ | Rights.ACCESSED, /* largestLevel= */ 1);
      assert error == 0 : error;
      world.runPrepared(1);
      return world.inspect();
    }
  }
}
