package org.pagewright.check.oracle;

import java.util.List;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;

/**
 * Ephemeral mappings keep their promises.
 *
 * <p>Property: a reserved request that its caller was allowed to make, so that nothing was warned
 * of, is not refused; mapping and unmapping take neither frames nor tables. Sees: calls, warnings,
 * mappings made, requests refused, frames and tables taken. Checked: at each refusal, and when
 * something is taken. Does not check: normal requests, which may fail at any time; locks that sleep
 * on kernels with PREEMPT_RT.
 */
final class MermapPromise extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MERMAP_CALL,
          KernelEvent.TABLE_ALLOCATED,
          KernelEvent.FRAMES_ALLOCATED,
          MmEvent.MERMAP_WARNING,
          MmEvent.MERMAP_GET,
          MmEvent.MERMAP_REFUSED);

  private final boolean[] wasWarned;

  /** Whether each CPU is in a call that allocates nothing. */
  private final boolean[] isMapping;

  MermapPromise(int cpus, List<Violation> violations) {
    super("mermap-promise", KINDS, violations);
    this.wasWarned = new boolean[cpus];
    this.isMapping = new boolean[cpus];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MERMAP_CALL -> isMapping[cpu] = b == 1;
      case KernelEvent.TABLE_ALLOCATED -> {
        if (isMapping[cpu]) {
          violated(cpu, "a table was made in frame " + hex(a) + " by mapping or unmapping");
        }
      }
      case KernelEvent.FRAMES_ALLOCATED -> {
        if (isMapping[cpu]) {
          violated(cpu, "frame " + hex(a) + " was taken by mapping or unmapping");
        }
      }
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
