package org.pagewright.faulty.vmalloc;

import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.vmalloc.KernelRoots;
import org.pagewright.kernel.vmalloc.KernelVmap;

/**
 * A table is freed where a large leaf takes its place, while a dump reads it: the dump takes kernel
 * tables to stay for ever (arch/arm64, found with commit 7ba36eccb3f8, 2019, which banned large
 * leaves where there is a dump; since 6.17 freeing waits for dumps).
 *
 * <p>Scenario, on arm64: CPU 0 maps a 2M range by one leaf where there was a table; CPU 1 dumps the
 * range.
 */
public final class FreesUnderDump extends KernelVmap {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "kernel-table-freed-under-dump",
          62,
          PlantedBug.Status.CONFIRMED,
          "table-life",
          "a table that a large leaf replaces is freed while a dump reads it",
          Search.exhaust(FreesUnderDump::mapAndDump, /* preemptionsMax= */ 1));

  private FreesUnderDump(KernelMachine kernel) {
    super(
        kernel.tables(),
        kernel.directMap(),
        kernel.tablePages(),
        kernel.shootdown(),
        KernelRoots.ONE,
        kernel.machine().events());
  }

  private static Trial<VmapWorld> mapAndDump(boolean isPlanted) {
    return Trial.ofTwo(
        () -> new VmapWorld(isPlanted ? FreesUnderDump::new : VmapWorld::sound),
        Act.of("map a large leaf", (world, cpu) -> world.mapLarge(cpu, /* level= */ 2)),
        Act.of("dump", VmapWorld::dump));
  }

  @Override
  protected void waitForDumps(Cpu cpu) {}
}
