package org.pagewright.faulty.mermap;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.mermap.Mermap;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapHandle;

/**
 * The request that always succeeds has a page of its own but no record of its own ("mm: Add
 * __GFP_UNMAPPED" RFC; v2 has a fourth record for it). The configuration v1 is the bug.
 *
 * <p>Scenario: all normal records are in use when the reserved request comes.
 */
public final class SharesReservedRecord {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "mermap-reserved-slot-not-reserved",
          69,
          PlantedBug.Status.CORROBORATED,
          "mermap-promise",
          "the request that always succeeds has no record of its own",
          Search.once(SharesReservedRecord::run));

  private static final int DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  private SharesReservedRecord() {}

  private static List<Violation> run(boolean isPlanted) {
    MermapConfig config = isPlanted ? MermapConfig.V1 : MermapConfig.V2;
    try (FaultyKernel world = FaultyKernel.with(config)) {
      world.runPrepared(0);
      Cpu cpu = world.cpu(0);
      Mermap mermap = world.mermap();
      long pageBytes = world.kernel().machine().format().pageBytes();
      long[] handles = new long[config.normalRecords()];
      for (int i = 0; i < handles.length; i++) {
        handles[i] = mermap.get(cpu, i, pageBytes, DATA);
      }
      cpu.disablePreemption();
      long reserved = mermap.getReserved(cpu, handles.length, DATA);
      if (reserved != MermapHandle.NONE) {
        mermap.put(cpu, reserved);
      }
      cpu.enablePreemption();
      for (long handle : handles) {
        mermap.put(cpu, handle);
      }
      return world.inspect();
    }
  }
}
