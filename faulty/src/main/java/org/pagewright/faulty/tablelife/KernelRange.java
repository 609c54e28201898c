package org.pagewright.faulty.tablelife;

import org.pagewright.faulty.gather.TableWorld;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.pgtable.TableSource;

/** A page that is mapped behind the RAM of the direct map, with tables of a given source. */
final class KernelRange {
  private static final int RIGHTS =
      Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.GLOBAL | Rights.ACCESSED | Rights.DIRTY;

  /** Behind all RAM, but below the same entry of the top table, which every process has. */
  private static final long BEHIND_BYTES = 256L << 30;

  private KernelRange() {}

  /** Maps it, and takes it out again with its tables. */
  static void map(TableWorld world, TableSource source) {
    Cpu cpu = world.kernel().cpu(0);
    long pfn = world.kernel().allocator().allocate(cpu, Gfp.KERNEL, 0);
    long va = world.kernel().layout().directVa(BEHIND_BYTES);
    long bytes = world.machine().format().pageBytes();
    long rootPa = world.kernel().rootPa();
    PageRange range = new PageRange(va, pfn << world.machine().format().pageShift(), bytes);
    long mapped = world.kernel().tables().map(cpu, rootPa, range, RIGHTS, 1, source);
    assert mapped == bytes : mapped;
    long unmapped = world.kernel().tables().unmap(cpu, rootPa, va, bytes);
    assert unmapped == 1 : unmapped;
    world.kernel().shootdown().flushKernelRange(cpu, va, va + bytes);
    world.kernel().allocator().free(cpu, pfn, 0);
  }
}
