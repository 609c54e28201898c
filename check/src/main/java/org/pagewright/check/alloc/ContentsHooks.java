package org.pagewright.check.alloc;

import java.util.BitSet;
import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * The allocator touches only pages that it can reach, and all that it has to.
 *
 * <p>Property: no access faults while the allocator initialises, poisons or checks the contents of
 * frames that change hands. Frames that were asked for with {@code __GFP_ZERO} hold nothing when
 * the request is served; on a kernel with {@code init_on_alloc} those of every request do, and with
 * {@code init_on_free} frames that were given back do when they are handed out, but for unmapped
 * pageblocks. Sees: when it begins and ends, requests, frees, faults, memory. Checked: at each
 * fault, when frames are handed out, and when a request is served. Does not check: accesses of
 * those who own the frames; who wrote to a frame that was free.
 */
final class ContentsHooks extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.CONTENTS_BEGIN,
          KernelEvent.CONTENTS_END,
          KernelEvent.FRAMES_FREED,
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAMES_READY,
          HardwareEvent.FAULT);

  private final Machine machine;
  private final PageAllocator allocator;
  private final boolean[] isInside;

  /** Frames that were given back and not handed out since. */
  private final BitSet givenBack = new BitSet();

  ContentsHooks(Machine machine, PageAllocator allocator, List<Violation> violations) {
    super("contents-hooks", KINDS, violations);
    this.machine = machine;
    this.allocator = allocator;
    this.isInside = new boolean[machine.cpus()];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.CONTENTS_BEGIN -> isInside[cpu] = true;
      case KernelEvent.CONTENTS_END -> isInside[cpu] = false;
      case KernelEvent.FRAMES_FREED -> {
        if (allocator.debuggingOptions().initOnFree()) {
          givenBack.set((int) a, (int) a + (1 << b));
        }
      }
      case KernelEvent.FRAMES_ALLOCATED -> {
        int end = (int) a + (1 << b);
        int pfn = givenBack.nextSetBit((int) a);
        if (pfn >= 0 && pfn < end && !allocator.isUnmapped(a)) {
          requireZero(cpu, pfn, /* order= */ 0, "was to be zeroed when it was given back");
        }
        givenBack.clear((int) a, end);
      }
      case KernelEvent.FRAMES_READY -> {
        boolean isInitialised =
            allocator.debuggingOptions().initOnAllocate() && !allocator.isUnmapped(a);
        if ((c & Gfp.ZERO) != 0 || isInitialised) {
          requireZero(cpu, a, b, "was to be zeroed");
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

  private void requireZero(int cpu, long pfn, long order, String what) {
    int pageShift = machine.format().pageShift();
    if (machine.memory().isZero(pfn << pageShift, 1L << order << pageShift)) {
      return;
    }
    long wrong = pfn;
    while (machine.memory().isZero(wrong << pageShift, 1L << pageShift)) {
      wrong++;
    }
    violated(cpu, "frame " + hex(wrong) + " " + what + " and is not");
  }
}
