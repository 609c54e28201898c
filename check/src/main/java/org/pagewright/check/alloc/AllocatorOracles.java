package org.pagewright.check.alloc;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.kernel.alloc.PageAllocator;

/** All oracles of the page allocator of a kernel. */
public final class AllocatorOracles {
  private AllocatorOracles() {}

  /** None for a kernel that has no page allocator yet; no operation may be in progress. */
  public static List<Oracle> of(WatchedKernel kernel, List<Violation> violations) {
    PageAllocator allocator = kernel.allocator();
    if (allocator == null) {
      return List.of();
    }
    int cpus = kernel.machine().cpus();
    return List.of(
        new FreeMemoryAgreement(kernel, allocator, violations),
        new FramesKept(allocator, violations),
        new RequestsServed(allocator, cpus, violations),
        new WatermarksKept(allocator, cpus, violations),
        new RequestPromises(allocator, cpus, violations),
        new ContentsHooks(kernel.machine(), allocator, violations));
  }
}
