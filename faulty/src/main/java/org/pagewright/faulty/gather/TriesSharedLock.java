package org.pagewright.faulty.gather;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.gather.ReclaimRules;
import org.pagewright.kernel.tablelife.TableConfig;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * The fast way of PT_RECLAIM tries the lock of the table above while it holds the same lock for the
 * table below, and never succeeds (mm/memory.c until commit fb4ddf208511, 2026). The rules of Linux
 * 6.17 are the bug.
 *
 * <p>Scenario: a kernel with one lock for all tables of an address space reclaims a table.
 */
public final class TriesSharedLock {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "pt-reclaim-shared-lock-never-taken",
          37,
          PlantedBug.Status.CONFIRMED,
          "execution-rules",
          "the fast way tries a lock that it holds",
          Search.once(TriesSharedLock::world, TriesSharedLock::reclaim));

  private TriesSharedLock() {}

  private static TableWorld world(boolean isPlanted) {
    ReclaimRules rules = isPlanted ? ReclaimRules.LINUX_6_17 : ReclaimRules.LINUX_7_3;
    return new TableWorld(
        TableRules.ALL.withLocks(TableConfig.ONE_LOCK), config -> config.withReclaim(rules));
  }

  private static void reclaim(TableWorld world) {
    Cpu cpu = world.kernel().cpu(0);
    world.fault(cpu, TableWorld.HEAP);
    long answer = world.dontNeed(cpu, TableWorld.HEAP, TableWorld.HEAP + TableWorld.TABLE_BYTES);
    assert answer == 0 && world.tables().reclaimedTables() == 1 : answer;
  }
}
