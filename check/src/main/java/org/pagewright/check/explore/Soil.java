package org.pagewright.check.explore;

import java.util.BitSet;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * Memory as firmware and boot left it: who needs zeros asks for them, so what is handed out for the
 * first time holds something.
 *
 * <p>It hears events before the oracles do, and at once: before the allocator zeroes anything.
 */
final class Soil implements EventLog.Reader {
  /** What is in the first word of each frame. */
  static final long PATTERN = 0x5a5a_5a5a_5a5a_5a5aL;

  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(KernelEvent.FRAMES_ALLOCATED, KernelEvent.FRAMES_FREED);

  /** Of larger blocks only the first frames are made dirty. */
  private static final int FRAMES_MAX = 64;

  private final PhysicalMemory memory;
  private final int pageShift;
  private final BitSet used = new BitSet();

  Soil(Machine machine) {
    this.memory = machine.memory();
    this.pageShift = machine.format().pageShift();
  }

  @Override
  public EventLog.Kinds kinds() {
    return KINDS;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == KernelEvent.FRAMES_ALLOCATED || kind == KernelEvent.FRAMES_FREED) {
      int first = (int) a;
      int end = first + Math.min(FRAMES_MAX, 1 << b);
      for (int pfn = used.nextClearBit(first);
          pfn < end && kind == KernelEvent.FRAMES_ALLOCATED;
          pfn = used.nextClearBit(pfn + 1)) {
        memory.write((long) pfn << pageShift, PATTERN);
      }
      used.set(first, end);
    }
  }
}
