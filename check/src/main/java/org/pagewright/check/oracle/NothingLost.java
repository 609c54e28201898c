package org.pagewright.check.oracle;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;

/**
 * Once all that was taken is given back, no frame is in use that nobody can reach.
 *
 * <p>Property: every frame that was handed out and not given back is a page table that the kernel's
 * own tables lead to, or was reported as kept for ever. Sees: requests and frees, the tables.
 * Checked: at rest, after whoever ran gave everything back. Does not check: frames handed out
 * before it was attached; memory below the size of a frame.
 */
final class NothingLost extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.FRAMES_ALLOCATED, KernelEvent.FRAMES_FREED, MmEvent.SECRET_LEAKED);

  private final WatchedKernel kernel;

  /** Orders of the blocks in use, by first frame. */
  private final Map<Long, Integer> used = new TreeMap<>();

  NothingLost(WatchedKernel kernel, List<Violation> violations) {
    super("nothing-lost", KINDS, violations);
    this.kernel = kernel;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.FRAMES_ALLOCATED -> used.put(a, (int) b);
      case KernelEvent.FRAMES_FREED, MmEvent.SECRET_LEAKED -> used.remove(a);
      default -> {}
    }
  }

  @Override
  protected void inspectEmptied() {
    if (used.isEmpty()) {
      return;
    }
    PteFormat format = kernel.machine().format();
    Set<Long> tables = new HashSet<>();
    collect(format, kernel.directMap().rootPa(), format.topLevel(), tables);
    used.forEach((pfn, order) -> {
      if (!tables.contains(pfn)) {
        violatedAtRest("frame " + hex(pfn) + " of order " + order + " is in use, but nobody's");
      }
    });
  }

  private void collect(PteFormat format, long tablePa, int level, Set<Long> tables) {
    if (!tables.add(kernel.frame(tablePa)) || level == 1) {
      return;
    }
    PhysicalMemory memory = kernel.machine().memory();
    for (long at = tablePa; at < tablePa + format.tableBytes(level); at += Long.BYTES) {
      long entry = memory.read(at);
      if (format.isTable(entry, level)) {
        collect(format, format.pa(entry, level), level - 1, tables);
      }
    }
  }
}
