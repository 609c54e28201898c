package org.pagewright.faulty.directmap;

import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.pgtable.PageTables;

/**
 * A kernel with a module of 512 pages, all but the first read-only and executable: one more change
 * and they collapse into a leaf.
 */
final class ModuleKernel implements WatchedWorld {
  private static final long MIB = 1L << 20;
  private static final long PAGE_BYTES = 1 << 12;
  private static final long NO_EXECUTE = 1L << 63;

  private final Machine machine;
  private final EarlyKernel kernel;
  private final Oracles oracles;

  ModuleKernel(DirectMapConfig config) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(MemoryMap.of(32 * MIB));
    KernelConfig boot = KernelConfig.bare(hardware).withDirectMap(config.withLargestLeafLevel(1));
    this.machine = new Machine(hardware);
    this.kernel = new EarlyKernel(boot, machine);
    mapModule();
    this.oracles = new Oracles(new WatchedKernel(machine, map(), null, null));
  }

  private void mapModule() {
    Cpu cpu = machine.cpu(0);
    int rights = Rights.KERNEL_READ | Rights.KERNEL_EXECUTE | Rights.GLOBAL | Rights.ACCESSED;
    PageRange range = new PageRange(moduleVa(), 16 * MIB, 2 * MIB);
    long mapped = tables().map(cpu, kernel.rootPa(), range, rights, 1, kernel.earlyTables());
    assert mapped == range.bytes() : mapped;
    long changed =
        tables().protect(cpu, kernel.rootPa(), moduleVa(), PAGE_BYTES, NO_EXECUTE, /* clear= */ 0);
    assert changed == 1 : changed;
  }

  long moduleVa() {
    return map().layout().vmallocBase();
  }

  DirectMap map() {
    return kernel.directMap();
  }

  PageTables tables() {
    return kernel.tables();
  }

  /** Changes one page of the module; 0 or a negative error. */
  int set(Cpu cpu, AttributeChange what, long page) {
    return map().setMemory(cpu, what, moduleVa() + page * PAGE_BYTES, 1);
  }

  @Override
  public Machine machine() {
    return machine;
  }

  @Override
  public Oracles oracles() {
    return oracles;
  }

  @Override
  public void close() {
    oracles.close();
    machine.close();
  }
}
