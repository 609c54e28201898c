package org.pagewright.check.oracle;

import java.util.List;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.ExecutionRule;
import org.pagewright.hardware.cpu.HardwareEvent;

/**
 * Code runs only where it may.
 *
 * <p>Property: no rule of {@link ExecutionRule} is broken (sleeping in atomic context, waiting for
 * other CPUs with interrupts off, lock order and recursion, balance), and no CPU waits for ever.
 * Sees: what CPUs and locks report. Checked: at each report. Does not check: orders of locks that
 * no run took.
 */
final class ExecutionRules extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(HardwareEvent.CONTEXT_RULE, HardwareEvent.DEADLOCK);

  ExecutionRules(List<Violation> violations) {
    super("execution-rules", KINDS, violations);
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == HardwareEvent.CONTEXT_RULE) {
      violated(cpu, ExecutionRule.of(a) + ", detail " + b);
    } else if (kind == HardwareEvent.DEADLOCK) {
      violated(cpu, "deadlock of CPUs 0b" + Long.toBinaryString(a));
    }
  }
}
