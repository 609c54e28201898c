package org.pagewright.check.tables;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * A process's table is empty when it goes.
 *
 * <p>Property: when a table that was constructed for a process is given back, none of its entries
 * maps anything: else a page is lost, and reverse mappings lead into a free frame. Sees: lives of
 * tables, memory. Checked: at each free. Does not check: tables of the kernel, which a collapse
 * frees full.
 */
final class EmptiedTables extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(TableEvent.CONSTRUCTED, KernelEvent.TABLE_FREED);

  private static final long KERNEL_CONTEXT = 1;

  private final PhysicalMemory memory;
  private final PteFormat format;
  private final Set<Long> ofProcesses = new HashSet<>();

  EmptiedTables(WatchedKernel kernel, List<Violation> violations) {
    super("emptied-tables", KINDS, violations);
    this.memory = kernel.machine().memory();
    this.format = kernel.machine().format();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case TableEvent.CONSTRUCTED -> {
        if (c > KERNEL_CONTEXT) {
          ofProcesses.add(a);
        } else {
          ofProcesses.remove(a);
        }
      }
      case KernelEvent.TABLE_FREED -> {
        if (ofProcesses.remove(a)) {
          requireEmpty(cpu, a, (int) b);
        }
      }
      default -> {}
    }
  }

  private void requireEmpty(int cpu, long pfn, int level) {
    long tablePa = pfn << format.pageShift();
    long full = 0;
    for (long at = tablePa; at < tablePa + format.tableBytes(level); at += Long.BYTES) {
      if (format.fromMemory(memory.read(at)) != format.empty(level)) {
        full++;
      }
    }
    if (full > 0) {
      violated(
          cpu,
          "the table of level %d in frame 0x%x was given back with %d entries"
              .formatted(level, pfn, full));
    }
  }
}
