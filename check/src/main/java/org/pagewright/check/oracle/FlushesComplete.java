package org.pagewright.check.oracle;

import java.util.Arrays;
import java.util.List;
import org.pagewright.check.directmap.HeldTranslations;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;

/**
 * A flush leaves nothing behind that the tables no longer say.
 *
 * <p>Property: when a flush of kernel addresses has returned, every translation of the range that
 * any CPU holds leads where a walk of the tables leads, with no more rights. Sees: translation
 * caches of all CPUs, the tables. Checked: at the end of each flush of the direct map or of vmalloc
 * addresses. Does not check: flushes during which another CPU wrote an entry, whose own flush is
 * still to come; addresses of one process.
 */
final class FlushesComplete extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.FLUSH_KERNEL, KernelEvent.ENTRY_WRITE, KernelEvent.FLUSHED_KERNEL);

  private final WatchedKernel kernel;
  private final KernelLayout layout;
  private final HeldTranslations held;

  /** Whether another CPU wrote an entry since the CPU's flush began. */
  private final boolean[] isDisturbed;

  FlushesComplete(WatchedKernel kernel, List<Violation> violations) {
    super("flushes-complete", KINDS, violations);
    this.kernel = kernel;
    this.layout = kernel.directMap().layout();
    this.held = new HeldTranslations(kernel);
    this.isDisturbed = new boolean[kernel.machine().cpus()];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.FLUSH_KERNEL -> isDisturbed[cpu] = false;
      case KernelEvent.ENTRY_WRITE -> {
        boolean mine = isDisturbed[cpu];
        Arrays.fill(isDisturbed, true);
        isDisturbed[cpu] = mine;
      }
      case KernelEvent.FLUSHED_KERNEL -> {
        if (!isDisturbed[cpu]) {
          compare(cpu, a, b);
        }
      }
      default -> {}
    }
  }

  private void compare(int cpu, long from, long to) {
    compareRegion(cpu, from, to, layout.directMapBase(), layout.directMapBytes());
    compareRegion(cpu, from, to, layout.vmallocBase(), layout.vmallocBytes());
  }

  private void compareRegion(int cpu, long from, long to, long base, long bytes) {
    long end = base + bytes;
    long first = Long.compareUnsigned(from, base) > 0 ? from : base;
    long last = to != -1L && Long.compareUnsigned(to, end) < 0 ? to : end;
    if (Long.compareUnsigned(first, last) < 0) {
      String stale = held.firstStale(kernel.machine().cpu(cpu), first, last);
      if (stale != null) {
        violated(cpu, stale + " after its flush");
      }
    }
  }
}
