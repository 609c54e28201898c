package org.pagewright.check.directmap;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;

/** All oracles of the direct map of a kernel. */
public final class DirectMapOracles {
  private DirectMapOracles() {}

  /** Those of one kernel; no operation may be in progress. */
  public static List<Oracle> of(WatchedKernel kernel, List<Violation> violations) {
    return List.of(
        new SplitsKeepTranslations(kernel, violations),
        new DirectMapIdentity(kernel, violations),
        new AttributesInEffect(kernel, violations));
  }
}
