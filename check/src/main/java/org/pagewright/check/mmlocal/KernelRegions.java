package org.pagewright.check.mmlocal;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.directmap.DirectMapView;
import org.pagewright.kernel.mm.MmEvent;

/**
 * No address belongs to two regions.
 *
 * <p>Property: the mm-local region of a process has no address in common with the direct map,
 * vmalloc space or vmemmap. Sees: where the kernel put its regions, where a process uses its own.
 * Checked: when a process first uses its region. Does not check: the image, the CPU entry area and
 * what stands at fixed addresses behind it.
 */
final class KernelRegions extends Oracle {
  private static final EventLog.Kinds KINDS = EventLog.Kinds.of(MmEvent.REGION_USED);

  private final DirectMapView directMap;

  KernelRegions(WatchedKernel kernel, List<Violation> violations) {
    super("kernel-regions", KINDS, violations);
    this.directMap = kernel.directMap();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind != MmEvent.REGION_USED) {
      return;
    }
    KernelLayout.Region local = new KernelLayout.Region("mm-local region", b, c);
    for (KernelLayout.Region other : directMap.layout().regions()) {
      if (local.overlaps(other)) {
        violated(
            cpu,
            "the mm-local region at 0x%x overlaps the %s at 0x%x"
                .formatted(b, other.name(), other.base()));
      }
    }
  }
}
