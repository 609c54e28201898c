package org.pagewright.kernel.sva;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.iommu.Iommu;
import org.pagewright.kernel.mm.Mm;

/**
 * Lets devices use the address spaces of processes. Models {@code iommu_sva_bind_device()} and
 * {@code iommu_sva_invalidate_kva_range()} (drivers/iommu/iommu-sva.c, Linux 6.19).
 */
public final class SharedVirtualAddressing {
  private final List<Iommu> bound = new ArrayList<>();

  /** No device uses any process. */
  public SharedVirtualAddressing() {}

  /** Lets devices behind an IOMMU use a process's tables, the kernel's half included. */
  public void bind(Iommu iommu, int pasid, Mm mm) {
    iommu.bind(pasid, mm.kernelPgdPa());
    bound.add(iommu);
  }

  /** Ends that. */
  public void unbind(Iommu iommu, int pasid) {
    iommu.unbind(pasid);
    bound.remove(iommu);
  }

  /** Whether any device walks kernel tables. Models {@code iommu_sva_present}. */
  public boolean isPresent() {
    return !bound.isEmpty();
  }

  /** Makes every IOMMU in use forget all kernel addresses, and tables on the way to them. */
  public void invalidateKernelRange(Cpu cpu) {
    for (Iommu iommu : bound) {
      cpu.charge(Primitive.BARRIER);
      iommu.invalidateAll();
    }
  }
}
