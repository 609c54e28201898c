package org.pagewright.check.oracle;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.mm.MmEvent;

/**
 * All processes see the same kernel.
 *
 * <p>Property: above user space, each root has the top-level entries of the kernel's own, except
 * the one of the mm-local region, and no other root leads to the table that this one leads to.
 * Sees: address spaces made and ended, regions used, top tables. Checked: at rest. Does not check:
 * where the region stands; marks of use in the entries; user roots of page-table isolation, which
 * lack most of the kernel on purpose; formats with a root for the kernel alone, and PAE, whose
 * processes share the tables below.
 */
final class KernelHalvesEqual extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(MmEvent.MM_CREATED, MmEvent.MM_DESTROYED, MmEvent.REGION_USED);

  private static final long KERNEL = -1;
  private static final long NO_TABLE = -1;

  private final PhysicalMemory memory;
  private final PteFormat format;
  private final long kernelRootPa;

  /** Roots of processes by context. */
  private final Map<Long, Long> roots = new TreeMap<>();

  /** Top-level entries where processes have regions of their own. */
  private final BitSet local = new BitSet();

  KernelHalvesEqual(WatchedKernel kernel, List<Violation> violations) {
    super("kernel-halves-equal", KINDS, violations);
    this.memory = kernel.machine().memory();
    this.format = kernel.machine().format();
    this.kernelRootPa = kernel.directMap().rootPa();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == MmEvent.MM_CREATED) {
      roots.put(a, b);
    } else if (kind == MmEvent.MM_DESTROYED) {
      roots.remove(a);
    } else if (kind == MmEvent.REGION_USED) {
      local.set(format.index(b, format.topLevel()));
    }
  }

  @Override
  protected void inspect() {
    boolean hasHalves =
        !format.roots().hasSecond() && !format.has(PteFormat.Feature.PDPTE_REGISTERS);
    if (hasHalves) {
      roots.forEach(this::compare);
      local.stream().forEach(this::requireOwn);
    }
  }

  /** What is below the entry of a region belongs to one process. */
  private void requireOwn(int index) {
    Map<Long, Long> owners = new HashMap<>();
    owners.put(target(memory.read(kernelRootPa + (long) index * Long.BYTES)), KERNEL);
    roots.forEach((context, rootPa) -> {
      long table = target(memory.read(rootPa + (long) index * Long.BYTES));
      Long other = table == NO_TABLE ? null : owners.putIfAbsent(table, context);
      if (other != null) {
        violatedAtRest(
            "mm %d has the mm-local region of %s"
                .formatted(context, other == KERNEL ? "the kernel" : "mm " + other));
      }
    });
  }

  private void compare(long context, long rootPa) {
    int top = format.topLevel();
    int entries = (int) format.level(top).entries();
    for (int i = entries / 2; i < entries; i++) {
      long wanted = memory.read(kernelRootPa + (long) i * Long.BYTES);
      long found = memory.read(rootPa + (long) i * Long.BYTES);
      if (!local.get(i) && target(wanted) != target(found)) {
        violatedAtRest(
            "mm %d has top-level entry %d 0x%x, the kernel 0x%x"
                .formatted(context, i, found, wanted));
        return;
      }
    }
  }

  /** The table that an entry points to, or -1. */
  private long target(long entry) {
    int top = format.topLevel();
    return format.isTable(entry, top) ? format.pa(entry, top) : NO_TABLE;
  }
}
