package org.pagewright.check.oracle;

import java.util.List;
import org.pagewright.kernel.mm.MmEvent;

/**
 * The reserved mapping always succeeds.
 *
 * <p>Property: a reserved request that its caller was allowed to make, so that nothing was warned
 * of, is not refused. Sees: warnings, mappings made, requests refused. Checked: at each refusal.
 * Does not check: normal requests, which may fail at any time.
 */
final class MermapPromise extends Oracle {
  private final boolean[] wasWarned;

  MermapPromise(int cpus, List<Violation> violations) {
    super("mermap-promise", violations);
    this.wasWarned = new boolean[cpus];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MERMAP_WARNING -> wasWarned[cpu] = true;
      case MmEvent.MERMAP_GET -> wasWarned[cpu] = false;
      case MmEvent.MERMAP_REFUSED -> {
        if (b == 1 && !wasWarned[cpu]) {
          violated(cpu, "a reserved request in context " + a + " was refused");
        }
        wasWarned[cpu] = false;
      }
      default -> {}
    }
  }
}
