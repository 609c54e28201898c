package org.pagewright.faulty.gather;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.gather.GatherConfig;
import org.pagewright.kernel.gather.GatherServices;
import org.pagewright.kernel.gather.MmuGather;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.gather.ZapLeaves;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.tablelife.TableAllocator;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * A zap lets go of the table's lock before it flushes dirty pages that others share: who cleans
 * such a page finds no dirty entry, while a TLB still allows writes (mm/memory.c until commit
 * 1cf35d47712d, 2014).
 *
 * <p>Scenario: both CPUs have written a page of a file; CPU 0 unmaps it, CPU 1 cleans it.
 */
public final class FlushesAfterLock {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "gather-frees-before-flush-under-ptl",
          43,
          PlantedBug.Status.CONFIRMED,
          "clean-pages",
          "a zap lets go of the lock before it flushes dirty shared pages",
          Search.exhaust(FlushesAfterLock::unmapAndClean, /* preemptionsMax= */ 2));

  private static final ZapLeaves DIRTY =
      (cpu, mm, va, entry, level) -> ZapLeaves.FLUSH_FIRST; // the page cache keeps the page

  private FlushesAfterLock() {}

  private static Trial<TableWorld> unmapAndClean(boolean isPlanted) {
    return new Trial<>(
        () -> {
          TableWorld world =
              new TableWorld(
                  TableRules.ALL, config -> config, isPlanted ? Late::new : UserTables::new);
          world.fault(world.kernel().cpu(0), TableWorld.HEAP);
          boolean isWritten =
              world.touch(world.kernel().cpu(0), TableWorld.HEAP) == 0
                  && world.touch(world.kernel().cpu(1), TableWorld.HEAP) == 0;
          assert isWritten;
          return world;
        },
        List.of(
            List.of(TableWorld.act("unmap the page", FlushesAfterLock::unmap)),
            List.of(TableWorld.act("clean the page", FlushesAfterLock::clean))));
  }

  private static long unmap(TableWorld world, Cpu cpu) {
    long end = TableWorld.HEAP + TableWorld.PAGE_BYTES;
    world.zap(cpu, TableWorld.HEAP, end, /* reclaims= */ false, DIRTY);
    return 0;
  }

  /** Models page_mkclean_one(): write-protects the entry and flushes, all under the lock. */
  private static long clean(TableWorld world, Cpu cpu) {
    UserTables tables = world.tables();
    PteFormat format = world.machine().format();
    long parent = tables.find(cpu, world.mm(), TableWorld.HEAP, 2);
    long tablePa = tables.lockTable(cpu, world.mm(), parent);
    if (tablePa == TableAllocator.NONE) {
      return 0;
    }
    long entryPa = format.entryPa(tablePa, TableWorld.HEAP, 1);
    long entry = world.kernel().tables().readEntry(cpu, entryPa);
    if (entry == format.empty(1)) {
      record(world, cpu);
    }
    tables.unlockTable(cpu, world.mm(), tablePa);
    return 0;
  }

  /** Nobody maps the page any more, so a write-back of now has all of it. */
  private static void record(TableWorld world, Cpu cpu) {
    world.machine().events().record(MmEvent.PAGE_CLEANED, cpu.id(), world.mappedPfn(), 0, 0);
  }

  /** User tables whose gathers flush after the lock. */
  private static final class Late extends UserTables {
    Late(GatherServices services, GatherConfig config) {
      super(services, config);
    }

    @Override
    protected MmuGather makeGather() {
      return new MmuGather(this) {
        @Override
        public void flushUnderLock(Cpu cpu) {}
      };
    }
  }
}
