package org.pagewright.check.alloc;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * The allocator touches only pages that it can reach.
 *
 * <p>Property: no access faults while the allocator initialises, poisons or checks the contents of
 * frames that change hands. Sees: when it begins and ends to do so, faults. Checked: at each fault.
 * Does not check: accesses of those who own the frames.
 */
final class ContentsHooks extends Oracle {
  private final boolean[] isInside;

  ContentsHooks(int cpus, List<Violation> violations) {
    super("contents-hooks", violations);
    this.isInside = new boolean[cpus];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.CONTENTS_BEGIN -> isInside[cpu] = true;
      case KernelEvent.CONTENTS_END -> isInside[cpu] = false;
      case HardwareEvent.FAULT -> {
        if (isInside[cpu]) {
          violated(cpu, "the allocator faulted at 0x%x".formatted(a));
        }
      }
      default -> {}
    }
  }
}
