package org.pagewright.check.oracle;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.directmap.DirectMapView;
import org.pagewright.kernel.kpkeys.KeysView;

/**
 * Lists, pageblocks, counters and the direct map say the same about memory that changes hands.
 *
 * <p>Property: a frame that is handed out or given back is present in the direct map exactly if its
 * pageblock is not marked unmapped; where tables are hardened it has the ordinary key exactly then
 * (the mark says "protected" if that is the design); at rest every free list, counter and per-CPU
 * list agrees with the frames' own state. Sees: requests, frees, the tables, the allocator's
 * verifier. Checked: at each request and free, and at rest. Does not check: frames in use between
 * the two.
 */
final class FreeMemoryAgreement extends Oracle {
  private final DirectMapView directMap;
  private final @Nullable PageAllocator allocator;
  private final @Nullable KeysView keys;
  private final PteFormat format;

  FreeMemoryAgreement(WatchedKernel kernel, List<Violation> violations) {
    super("free-memory-agreement", violations);
    this.directMap = kernel.directMap();
    this.allocator = kernel.allocator();
    this.keys = kernel.keys();
    this.format = kernel.machine().format();
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
      boolean isPresent = isOrdinary(at);
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

  /** Present in the direct map, for everybody to write. */
  private boolean isOrdinary(long pfn) {
    boolean isProtected =
        keys != null
            && keys.isOn()
            && format.pkey(directMap.entryNow(pfn), directMap.levelNow(pfn)) != 0;
    return directMap.isPresentNow(pfn) && !isProtected;
  }

  @Override
  void inspect() {
    if (allocator != null) {
      String broken = AllocatorVerifier.firstBroken(allocator, this::isOrdinary);
      if (broken != null) {
        violatedAtRest(broken);
      }
    }
  }
}
