package org.pagewright.check.alloc;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * The allocator touches only pages that it can reach, and all that it has to.
 *
 * <p>Property: no access faults while the allocator initialises, poisons or checks the contents of
 * frames that change hands; frames that were asked for with {@code __GFP_ZERO} hold nothing when it
 * has done so. Sees: when it begins and ends, faults, memory. Checked: at each fault, and at each
 * end. Does not check: accesses of those who own the frames.
 */
final class ContentsHooks extends Oracle {
  private static final int WORD_BYTES = 8;

  private final Machine machine;
  private final boolean[] isInside;

  ContentsHooks(Machine machine, List<Violation> violations) {
    super("contents-hooks", violations);
    this.machine = machine;
    this.isInside = new boolean[machine.cpus()];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.CONTENTS_BEGIN -> isInside[cpu] = true;
      case KernelEvent.CONTENTS_END -> {
        isInside[cpu] = false;
        if ((c & Gfp.ZERO) != 0) {
          requireZero(cpu, a, b);
        }
      }
      case HardwareEvent.FAULT -> {
        if (isInside[cpu]) {
          violated(cpu, "the allocator faulted at 0x%x".formatted(a));
        }
      }
      default -> {}
    }
  }

  private void requireZero(int cpu, long pfn, long order) {
    int pageShift = machine.format().pageShift();
    long end = (pfn + (1L << order)) << pageShift;
    for (long pa = pfn << pageShift; pa < end; pa += WORD_BYTES) {
      if (machine.memory().read(pa) != 0) {
        violated(cpu, "frame " + hex(pa >>> pageShift) + " was to be zeroed and is not");
        return;
      }
    }
  }
}
