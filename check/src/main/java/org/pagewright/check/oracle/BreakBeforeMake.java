package org.pagewright.check.oracle;

import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * A CPU that cannot bear it never meets a leaf and a table for the same addresses.
 *
 * <p>Property: no live leaf of the direct map is replaced by a table, or a table by a leaf, while a
 * CPU walks the kernel's tables that does not tolerate it. Sees: splits and merges, what each CPU
 * tolerates and whether it runs. Checked: at each split and merge. Does not check: entries outside
 * the direct map; changes of a leaf's frame or memory type.
 */
final class BreakBeforeMake extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(KernelEvent.DIRECT_MAP_SPLIT, KernelEvent.DIRECT_MAP_COLLAPSE);

  private final Machine machine;

  BreakBeforeMake(WatchedKernel kernel, List<Violation> violations) {
    super("break-before-make", KINDS, violations);
    this.machine = kernel.machine();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind != KernelEvent.DIRECT_MAP_SPLIT && kind != KernelEvent.DIRECT_MAP_COLLAPSE) {
      return;
    }
    for (int i = 0; i < machine.cpus(); i++) {
      Cpu walker = machine.cpu(i);
      if (walker.isOnline() && !walker.toleratesLiveSplits()) {
        violated(cpu, "%s may meet a leaf and a table at 0x%x".formatted(walker, a));
      }
    }
  }
}
