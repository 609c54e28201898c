package org.pagewright.check.alloc;

import java.util.BitSet;
import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Freetype;

/**
 * The allocator loses no frame, and keeps none that is in use.
 *
 * <p>Property: a frame that was given back, or was free at first, lies on a free list or on a list
 * of a CPU until it is handed out; a frame in use lies on none. Sees: requests and frees, the
 * lists. Checked: at rest. Does not check: frames that were in use when it was attached, until
 * their first free; frames that went to a list that does not exist, of which {@code
 * free-memory-agreement} speaks.
 */
final class FramesKept extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.FRAMES_ALLOCATED, KernelEvent.FRAMES_FREED, KernelEvent.FREE_LIST_ADD);

  private final PageAllocator allocator;
  private final BitSet used = new BitSet();
  private final BitSet free;

  FramesKept(PageAllocator allocator, List<Violation> violations) {
    super("frames-kept", KINDS, violations);
    this.allocator = allocator;
    this.free = AllocatorVerifier.listed(allocator);
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == KernelEvent.FRAMES_ALLOCATED) {
      move((int) a, 1 << b, free, used);
    } else if (kind == KernelEvent.FRAMES_FREED) {
      move((int) a, 1 << b, used, free);
    } else if (kind == KernelEvent.FREE_LIST_ADD && Freetype.index((int) c) == Freetype.NO_LIST) {
      free.clear((int) a, (int) a + (1 << b));
    }
  }

  private static void move(int pfn, int pages, BitSet from, BitSet to) {
    from.clear(pfn, pfn + pages);
    to.set(pfn, pfn + pages);
  }

  @Override
  protected void inspect() {
    BitSet listed = AllocatorVerifier.listed(allocator);
    BitSet lost = (BitSet) free.clone();
    lost.andNot(listed);
    if (!lost.isEmpty()) {
      violatedAtRest(
          "frame %s is not in use and is on no list, as are %d in all"
              .formatted(hex(lost.nextSetBit(0)), lost.cardinality()));
    }
    listed.and(used);
    if (!listed.isEmpty()) {
      violatedAtRest(
          "frame %s is in use and on a list, as are %d in all"
              .formatted(hex(listed.nextSetBit(0)), listed.cardinality()));
    }
  }
}
