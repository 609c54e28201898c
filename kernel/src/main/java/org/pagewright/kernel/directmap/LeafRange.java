package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelWarning;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * Sets and clears bits in every leaf of a range of kernel addresses, whatever the leaves' sizes.
 *
 * <p>Models {@code walk_kernel_page_table_range()} with the {@code pageattr_ops} of arm64 and
 * riscv. Entries that are empty are skipped; a leaf that is only partly inside the range is warned
 * of and refused.
 */
final class LeafRange {
  private final KernelMapping mapping;
  private final PageTables tables;

  LeafRange(KernelMapping mapping) {
    this.mapping = mapping;
    this.tables = mapping.tables();
  }

  /**
   * Applies the masks to {@code [from, to)}.
   *
   * @return 0, or -EINVAL at a leaf that sticks out of the range; leaves before it stay changed
   */
  int apply(Cpu cpu, long from, long to, long set, long clear) {
    tables.enterRun(cpu);
    int error = applyInRun(cpu, from, to, set, clear);
    tables.leaveRun(cpu);
    return error;
  }

  private int applyInRun(Cpu cpu, long from, long to, long set, long clear) {
    long va = from;
    while (va != to) {
      long slot = tables.lookup(cpu, mapping.rootPa(), va);
      int level = EntrySlot.level(slot);
      long bytes = tables.format().levelBytes(level);
      long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
      long next = (va & -bytes) + bytes;
      boolean covered = (va & bytes - 1) == 0 && Long.compareUnsigned(to - va, bytes) >= 0;
      if (entry != 0) {
        if (!covered) {
          long warning = KernelWarning.LEAF_CHANGED_IN_PART.number();
          mapping.record(cpu, KernelEvent.WARNING, warning, va, 0);
          return -Errno.EINVAL;
        }
        long changed = (entry & ~clear) | set;
        if (changed != entry) {
          tables.writeEntry(cpu, EntrySlot.pa(slot), changed);
        }
      }
      va = covered || Long.compareUnsigned(to - va, next - va) >= 0 ? next : to;
    }
    return 0;
  }
}
