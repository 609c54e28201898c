package org.pagewright.check.oracle;

import java.util.BitSet;
import java.util.List;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * Every frame has at most one owner.
 *
 * <p>Property: no frame is handed out while it is in use, and none is given back twice. Sees:
 * requests and frees of CPUs. Checked: at each of them. Does not check: frames that were handed out
 * before it was attached, until their first free; requests of CPUs that are only numbers, as a
 * replay makes them.
 */
final class FrameOwnership extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(KernelEvent.FRAMES_ALLOCATED, KernelEvent.FRAMES_FREED);

  private final BitSet used = new BitSet();
  private final BitSet free = new BitSet();

  FrameOwnership(List<Violation> violations) {
    super("frame-ownership", KINDS, violations);
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == KernelEvent.FRAMES_ALLOCATED) {
      move(cpu, a, b, free, used, "was handed out while in use");
    } else if (kind == KernelEvent.FRAMES_FREED) {
      move(cpu, a, b, used, free, "was given back while free");
    }
  }

  private void move(int cpu, long pfn, long order, BitSet from, BitSet to, String what) {
    int first = Math.toIntExact(pfn);
    int end = first + (1 << order);
    int wrong = to.nextSetBit(first);
    if (wrong >= 0 && wrong < end) {
      violated(cpu, "frame " + hex(wrong) + " " + what);
    }
    from.clear(first, end);
    to.set(first, end);
  }
}
