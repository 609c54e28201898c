package org.pagewright.check.mmlocal;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;

/** All oracles of the mm-local region, the LDT in it and what user mode reaches. */
public final class LocalRegionOracles {
  private LocalRegionOracles() {}

  /** Those of one kernel; no operation may be in progress. */
  public static List<Oracle> of(WatchedKernel kernel, List<Violation> violations) {
    return List.of(
        new KernelRegions(kernel, violations),
        new LdtReachable(kernel, violations),
        new LdtContents(kernel, violations),
        new MermapMappings(kernel, violations),
        new UserRootReach(kernel, violations));
  }
}
