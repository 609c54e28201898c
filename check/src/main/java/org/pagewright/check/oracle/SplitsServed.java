package org.pagewright.check.oracle;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.kpkeys.KeysView;

/**
 * A hardened kernel that splits a leaf has the table for it at hand.
 *
 * <p>Property: once tables are hardened, no split of kernel mappings waits for another split, and
 * none finds that no table can be had: both were promised before it began. Sees: where splits begin
 * and what they get. Checked: at each. Does not check: kernels that are not hardened, where a split
 * may fail for lack of memory.
 */
final class SplitsServed extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(KernelEvent.SPLIT_BEGINS, KernelEvent.SPLIT_HAS_TABLE);

  private final @Nullable KeysView keys;
  private final int[] nesting;

  SplitsServed(WatchedKernel kernel, List<Violation> violations) {
    super("splits-served", KINDS, violations);
    this.keys = kernel.keys();
    this.nesting = new int[kernel.machine().cpus()];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (keys == null || !keys.isOn()) {
      return;
    }
    if (kind == KernelEvent.SPLIT_BEGINS) {
      if (nesting[cpu]++ == 1) {
        violated(cpu, "a split needs a table of level " + a + " inside another split");
      }
    } else if (kind == KernelEvent.SPLIT_HAS_TABLE) {
      nesting[cpu]--;
      if (c < 0) {
        violated(cpu, "a split found no table of level " + a);
      }
    }
  }
}
