package org.pagewright.check.oracle;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * Page tables are read and written only while they are tables.
 *
 * <p>Property: no entry is read or written in a frame that was given back as a table and is not in
 * use again; no table is given back twice; no frame is given back while it is a table. Sees: tables
 * made and given back, entries read and written, frees. Checked: at each of them. Does not check: a
 * frame that somebody else got meanwhile; walks of CPUs and devices.
 */
final class TableLife extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.TABLE_ALLOCATED,
          KernelEvent.TABLE_FREED,
          KernelEvent.ENTRY_WRITE,
          KernelEvent.ENTRY_READ,
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAMES_FREED);

  private final int pageShift;
  private final Set<Long> live = new HashSet<>();
  private final Set<Long> freed = new HashSet<>();

  TableLife(WatchedKernel kernel, List<Violation> violations) {
    super("table-life", KINDS, violations);
    this.pageShift = kernel.machine().format().pageShift();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.TABLE_ALLOCATED -> {
        live.add(a);
        freed.remove(a);
      }
      case KernelEvent.TABLE_FREED -> {
        live.remove(a);
        if (!freed.add(a)) {
          violated(cpu, "the table in frame " + hex(a) + " was given back twice");
        }
      }
      case KernelEvent.ENTRY_WRITE -> {
        if (freed.contains(a >>> pageShift)) {
          violated(
              cpu,
              "entry 0x%x was written in frame 0x%x, a table that was given back"
                  .formatted(a, a >>> pageShift));
        }
      }
      case KernelEvent.ENTRY_READ -> {
        if (freed.contains(a >>> pageShift)) {
          violated(
              cpu,
              "entry 0x%x was read in frame 0x%x, a table that was given back"
                  .formatted(a, a >>> pageShift));
        }
      }
      case KernelEvent.FRAMES_ALLOCATED -> forget(a, a + (1L << b));
      case KernelEvent.FRAMES_FREED -> requireNoTable(cpu, a, a + (1L << b));
      default -> {}
    }
  }

  private void forget(long from, long to) {
    for (long pfn = from; pfn < to && !freed.isEmpty(); pfn++) {
      freed.remove(pfn);
    }
  }

  private void requireNoTable(int cpu, long from, long to) {
    for (long pfn = from; pfn < to && !live.isEmpty(); pfn++) {
      if (live.contains(pfn)) {
        violated(cpu, "frame " + hex(pfn) + " was given back while it is a table");
      }
    }
  }
}
