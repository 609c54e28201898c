package org.pagewright.faulty.sva;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.iommu.Iommu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.sva.KernelTableQueue;
import org.pagewright.kernel.sva.SharedVirtualAddressing;
import org.pagewright.kernel.vmalloc.KernelVmap;
import org.pagewright.kernel.vmalloc.SharedRoots;

/**
 * Kernel tables go back to the page allocator once CPUs were flushed, while an IOMMU may still walk
 * them (before commits 5ba2f0a15564 and e37d5a2d60a3, CVE-2025-71089).
 *
 * <p>Scenario: a device that uses a process's addresses tries a kernel address, so that its IOMMU
 * remembers the tables on the way; then a large leaf takes the place of the lowest one.
 */
public final class FreesTablesAtOnce {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "kernel-table-freed-while-iommu-cached",
          28,
          PlantedBug.Status.CONFIRMED,
          "freed-frame-translations",
          "kernel tables are freed while an IOMMU may walk them",
          Search.once(FreesTablesAtOnce::run));

  private static final int PASID = 7;
  private static final int RIGHTS = Rights.KERNEL_READ | Rights.ACCESSED;
  private static final long LARGE_BYTES = 2 << 20;
  private static final long PAGE_BYTES = 1 << 12;

  private FreesTablesAtOnce() {}

  private static List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world = FaultyKernel.sound()) {
      KernelMachine kernel = world.kernel();
      Cpu cpu = world.cpu(0);
      SharedRoots roots = new SharedRoots(kernel.tables(), kernel.rootPa());
      world.processes().add(roots);
      Mm mm = world.runPrepared(0);
      Iommu iommu = new Iommu(kernel.machine());
      SharedVirtualAddressing sva = new SharedVirtualAddressing();
      sva.bind(iommu, PASID, mm);
      KernelTableQueue queue = new KernelTableQueue(kernel.tablePages(), sva);
      KernelVmap vmap =
          new KernelVmap(
              kernel.tables(),
              kernel.directMap(),
              isPlanted ? kernel.tablePages() : queue,
              kernel.shootdown(),
              roots,
              kernel.machine().events());

      long va = kernel.layout().vmallocBase();
      long pa = 32 << 20;
      int small = vmap.map(cpu, new PageRange(va, pa, PAGE_BYTES), RIGHTS, /* largestLevel= */ 1);
      long refused = iommu.translate(PASID, va, Access.READ);
      assert refused < 0 : "kernel addresses are not for devices";
      vmap.unmap(cpu, va, PAGE_BYTES);
      int large = vmap.map(cpu, new PageRange(va, pa, LARGE_BYTES), RIGHTS, /* largestLevel= */ 2);
      assert small == 0 && large == 0 : small + " " + large;
      queue.work(cpu);
      return world.inspect();
    }
  }
}
