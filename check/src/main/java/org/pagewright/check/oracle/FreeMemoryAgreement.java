package org.pagewright.check.oracle;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.directmap.DirectMapView;

/**
 * Lists, pageblocks, counters and the direct map say the same about memory that changes hands.
 *
 * <p>Property: a frame that is handed out or given back is present in the direct map exactly if its
 * pageblock is not marked unmapped; at rest every free list, counter and per-CPU list agrees with
 * the frames' own state. Sees: requests, frees, the tables, the allocator's verifier. Checked: at
 * each request and free, and at rest. Does not check: frames in use between the two.
 */
final class FreeMemoryAgreement extends Oracle {
  private final DirectMapView directMap;
  private final @Nullable PageAllocator allocator;

  FreeMemoryAgreement(WatchedKernel kernel, List<Violation> violations) {
    super("free-memory-agreement", violations);
    this.directMap = kernel.directMap();
    this.allocator = kernel.allocator();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == KernelEvent.FRAMES_ALLOCATED) {
      compare(cpu, a, b, "handed out");
    } else if (kind == KernelEvent.FRAMES_FREED) {
      compare(cpu, a, b, "given back");
    }
  }

  private void compare(int cpu, long pfn, long order, String what) {
    PageAllocator source = allocator;
    if (source == null) {
      return;
    }
    for (long at = pfn; at < pfn + (1L << order); at++) {
      boolean isPresent = directMap.isPresentNow(at);
      if (isPresent == source.isUnmapped(at)) {
        String state = isPresent ? "present in" : "absent from";
        String block = isPresent ? "unmapped" : "mapped";
        violated(
            cpu,
            "frame %d was %s %s the direct map, its block is %s".formatted(at, what, state, block));
        return;
      }
    }
  }

  @Override
  void inspect() {
    if (allocator != null) {
      String broken = AllocatorVerifier.firstBroken(allocator, directMap::isPresentNow);
      if (broken != null) {
        violatedAtRest(broken);
      }
    }
  }
}
