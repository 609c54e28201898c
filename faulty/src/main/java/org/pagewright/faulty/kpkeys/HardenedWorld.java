package org.pagewright.faulty.kpkeys;

import java.util.List;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.KpkeysConfig;

/** A kernel with hardened tables under all oracles. */
final class HardenedWorld implements AutoCloseable {
  private final HardenedTables hardened;
  private final Oracles oracles;

  /** Boots on the RAM that {@code map} says, with large leaves where the design knows them. */
  HardenedWorld(String map, KpkeysConfig config, HardenedTables.PagesMaker maker) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(MemoryMap.parse(map));
    KernelConfig boot =
        KernelConfig.of(hardware).withImage(KernelImage.NONE).withMemmapBytesPerPage(0);
    boolean byPages = config.needsPages();
    KernelConfig mapped =
        boot.withDirectMap(boot.directMap().withLargestLeafLevel(byPages ? 1 : 3));
    this.hardened = HardenedTables.boot(mapped, config, Choices.first(), maker);
    KernelMachine kernel = hardened.kernel();
    this.oracles =
        new Oracles(
            new WatchedKernel(
                kernel.machine(),
                kernel.directMap(),
                kernel.allocator(),
                /* mermap= */ null,
                hardened));
  }

  HardenedTables hardened() {
    return hardened;
  }

  Cpu cpu() {
    return hardened.kernel().cpu(0);
  }

  /** What the oracles found, the look at the end included. */
  List<Violation> found() {
    return oracles.inspect();
  }

  @Override
  public void close() {
    oracles.close();
    hardened.kernel().close();
  }
}
