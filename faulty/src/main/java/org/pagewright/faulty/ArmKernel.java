package org.pagewright.faulty;

import org.pagewright.check.explore.WatchedWorld;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.directmap.SplitRules;

/** An arm64 kernel of two CPUs that may split live leaves, under all oracles. */
public final class ArmKernel implements WatchedWorld {
  private final KernelMachine kernel;
  private final Oracles oracles;

  /** A kernel whose linear map has leaves up to a level. */
  public ArmKernel(SplitRules rules, int largestLeafLevel) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("aarch64-4k")).withMap(MemoryMap.of(64L << 20));
    DirectMapConfig map =
        DirectMapConfig.LINUX_7_0.withSplitting(rules).withLargestLeafLevel(largestLeafLevel);
    this.kernel = KernelMachine.boot(KernelConfig.bare(hardware).withDirectMap(map));
    this.oracles =
        new Oracles(new WatchedKernel(machine(), map(), kernel.allocator(), /* mermap= */ null));
  }

  /** The kernel itself. */
  public KernelMachine kernel() {
    return kernel;
  }

  public DirectMap map() {
    return kernel.directMap();
  }

  public Cpu cpu(int id) {
    return kernel.cpu(id);
  }

  /** Takes frames. */
  public long allocate(int order) {
    return kernel.allocator().allocate(cpu(0), Gfp.KERNEL, order);
  }

  @Override
  public Machine machine() {
    return kernel.machine();
  }

  @Override
  public Oracles oracles() {
    return oracles;
  }

  @Override
  public void close() {
    oracles.close();
    kernel.close();
  }
}
