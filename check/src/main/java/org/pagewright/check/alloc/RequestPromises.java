package org.pagewright.check.alloc;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * The allocator does nothing for a request that its caller ruled out.
 *
 * <p>Property: while a CPU serves a request that may not block, or may only try locks, it neither
 * changes the direct map nor flushes kernel addresses nor calls other CPUs. Sees: requests, changes
 * of the direct map, flushes, calls. Checked: at each of them. Does not check: whether the caller
 * could have blocked after all; waiting for a lock, which non-blocking requests may do.
 */
final class RequestPromises extends Oracle {
  private final OpenRequests open;

  RequestPromises(int cpus, List<Violation> violations) {
    super("request-promises", violations);
    this.open = new OpenRequests(cpus, /* zones= */ 0);
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (open.begin(kind, cpu, a, b, c) != null || open.end(kind, cpu) != null) {
      return;
    }
    switch (kind) {
      case KernelEvent.ATTRIBUTES_CHANGE -> ruledOut(cpu, "attributes of pages changed");
      case KernelEvent.BLOCK_UNMAPPED -> ruledOut(cpu, "a pageblock left the direct map");
      case KernelEvent.BLOCK_MAPPED -> ruledOut(cpu, "a pageblock joined the direct map");
      case KernelEvent.FLUSH_KERNEL -> ruledOut(cpu, "kernel addresses were flushed");
      case HardwareEvent.IPI_SEND -> ruledOut(cpu, "CPU " + a + " was called");
      default -> {}
    }
  }

  private void ruledOut(int cpu, String what) {
    OpenRequests.Request request = open.of(cpu);
    if (request != null && !request.mayBlock()) {
      violated(cpu, what + " for " + request + ", which may not block");
    }
  }
}
