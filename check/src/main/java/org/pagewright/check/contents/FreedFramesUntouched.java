package org.pagewright.check.contents;

import java.util.BitSet;
import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * Nobody touches a frame that is free.
 *
 * <p>Property: no access of a CPU, in either mode and through any address, reaches a frame that was
 * given back and not handed out since. Sees: accesses through the MMU, requests and frees. Checked:
 * at each access. Does not check: what initialises and poisons pages that change hands; frames that
 * were free before it was attached; frames that somebody else has meanwhile.
 */
final class FreedFramesUntouched extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAMES_FREED,
          KernelEvent.CONTENTS_BEGIN,
          KernelEvent.CONTENTS_END,
          HardwareEvent.ACCESS);

  private final int pageShift;
  private final BitSet free = new BitSet();
  private final boolean[] isInHook;

  FreedFramesUntouched(WatchedKernel kernel, List<Violation> violations) {
    super("freed-frames-untouched", KINDS, violations);
    this.pageShift = kernel.machine().format().pageShift();
    this.isInHook = new boolean[kernel.machine().cpus()];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.FRAMES_ALLOCATED -> free.clear((int) a, (int) a + (1 << b));
      case KernelEvent.FRAMES_FREED -> free.set((int) a, (int) a + (1 << b));
      case KernelEvent.CONTENTS_BEGIN -> isInHook[cpu] = true;
      case KernelEvent.CONTENTS_END -> isInHook[cpu] = false;
      case HardwareEvent.ACCESS -> accessed(cpu, a, b, (int) c);
      default -> {}
    }
  }

  private void accessed(int cpu, long va, long translation, int access) {
    long pfn = Translation.pa(translation, va) >>> pageShift;
    if (pfn < free.length() && free.get((int) pfn) && !isInHook[cpu]) {
      violated(cpu, "%s at 0x%x, in free frame 0x%x".formatted(Access.describe(access), va, pfn));
    }
  }
}
