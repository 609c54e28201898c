package org.pagewright.faulty.vmalloc;

import java.util.function.Function;
import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.faulty.ArmKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.SplitRules;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.pgtable.PageTableDump;
import org.pagewright.kernel.vmalloc.KernelRoots;
import org.pagewright.kernel.vmalloc.KernelVmap;

/** An arm64 kernel where one page of a 1G range was mapped and unmapped: its tables are left. */
final class VmapWorld implements WatchedWorld {
  private static final long GIB = 1L << 30;
  private static final long PAGE_BYTES = 1 << 12;
  private static final long DUMPED_BYTES = 16 * PAGE_BYTES;
  private static final int RIGHTS = Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.ACCESSED;

  private final ArmKernel arm = new ArmKernel(SplitRules.LINUX_7_1, /* largestLeafLevel= */ 2);
  private final KernelVmap vmap;

  VmapWorld(Function<KernelMachine, KernelVmap> vmaps) {
    this.vmap = vmaps.apply(arm.kernel());
    int error = vmap.map(cpu(0), new PageRange(va(), GIB, PAGE_BYTES), RIGHTS, 1);
    assert error == 0 : error;
    vmap.unmap(cpu(0), va(), PAGE_BYTES);
  }

  /** Mappings without a bug. */
  static KernelVmap sound(KernelMachine kernel) {
    return new KernelVmap(
        kernel.tables(),
        kernel.directMap(),
        kernel.tablePages(),
        kernel.shootdown(),
        KernelRoots.ONE,
        kernel.machine().events());
  }

  Cpu cpu(int id) {
    return arm.cpu(id);
  }

  private long va() {
    return arm.map().layout().vmallocBase() + GIB & -GIB;
  }

  /** Maps the page's range by one leaf of a level; 0 or a negative error. */
  int mapLarge(Cpu cpu, int level) {
    long bytes = arm.machine().format().levelBytes(level);
    return vmap.map(cpu, new PageRange(va(), GIB, bytes), RIGHTS, level);
  }

  /** Dumps the first pages of the range. */
  long dump(Cpu cpu) {
    new PageTableDump(arm.kernel().tables(), arm.map().rootPa(), arm.map().mmapLock())
        .dump(cpu, va(), va() + DUMPED_BYTES, (from, to, level, bits) -> {});
    return 0;
  }

  @Override
  public Machine machine() {
    return arm.machine();
  }

  @Override
  public Oracles oracles() {
    return arm.oracles();
  }

  @Override
  public void close() {
    arm.close();
  }
}
