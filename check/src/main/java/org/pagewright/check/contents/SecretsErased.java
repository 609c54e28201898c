package org.pagewright.check.contents;

import java.util.List;
import java.util.TreeSet;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;

/**
 * Nothing of a secret is left in a frame that goes back to the page allocator.
 *
 * <p>Property: a frame of a file whose design clears pages before they go holds zeros when it is
 * given back. Sees: frames that join files and their design, frees, memory. Checked: at each free.
 * Does not check: files whose pages the next owner clears (the fast path of v3 and v4,
 * guest_memfd); frames that are kept for ever; copies of the contents elsewhere.
 */
final class SecretsErased extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(MmEvent.SECRET_ADDED, KernelEvent.FRAMES_FREED);

  private final FrameBytes bytes;

  /** Frames that were promised to be cleared and are in use. */
  private final TreeSet<Long> promised = new TreeSet<>();

  SecretsErased(WatchedKernel kernel, List<Violation> violations) {
    super("secrets-erased", KINDS, violations);
    this.bytes = new FrameBytes(kernel.machine().memory(), kernel.machine().format());
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == MmEvent.SECRET_ADDED && (c & MmEvent.ERASED_AT_END) != 0) {
      for (long pfn = a; pfn < a + b; pfn++) {
        promised.add(pfn);
      }
    } else if (kind == KernelEvent.FRAMES_FREED && !promised.isEmpty()) {
      freed(cpu, a, a + (1L << b));
    }
  }

  private void freed(int cpu, long from, long to) {
    Long pfn = promised.ceiling(from);
    while (pfn != null && pfn < to) {
      if (!bytes.isZero(pfn)) {
        violated(cpu, "secret frame " + hex(pfn) + " was given back with its contents");
      }
      promised.remove(pfn);
      pfn = promised.ceiling(from);
    }
  }
}
