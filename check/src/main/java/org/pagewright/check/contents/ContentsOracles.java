package org.pagewright.check.contents;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;

/** All oracles of what is in frames. */
public final class ContentsOracles {
  private ContentsOracles() {}

  /** Those of one kernel; no operation may be in progress. */
  public static List<Oracle> of(WatchedKernel kernel, List<Violation> violations) {
    return List.of(
        new SecretsErased(kernel, violations),
        new PagesFresh(kernel, violations),
        new FreedFramesUntouched(kernel, violations));
  }
}
