package org.pagewright.faulty.gather;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.gather.GatherConfig;
import org.pagewright.kernel.gather.GatherServices;
import org.pagewright.kernel.gather.MmuGather;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.gather.ZapLeaves;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * An area of raw frames leaves the address space before its translations are flushed: whoever
 * unmaps the file then finds no area, and its driver frees the frames (mm/mmu_gather.c and
 * mm/memory.c until commit b67fbebd4cf9, 2022).
 *
 * <p>Scenario: CPU 0 unmaps the area; CPU 1, which has used it, unmaps the file's range wherever an
 * area maps it and gives the frame back.
 */
public final class UnlinksBeforeFlush {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "pfnmap-munmap-vs-unmap-mapping",
          42,
          PlantedBug.Status.CONFIRMED,
          "freed-frame-translations",
          "an area is unlinked before its translations are flushed",
          Search.exhaust(UnlinksBeforeFlush::unmapBoth, /* preemptionsMax= */ 2));

  private UnlinksBeforeFlush() {}

  /** A device file that one area maps. */
  private static final class Device {
    private final RwSemaphore areas;
    private final SpinLock lock = new SpinLock(new LockClass("i_mmap"), /* identity= */ 7);
    private long pfn;
    private boolean hasArea = true;

    Device(Mm user) {
      this.areas = new RwSemaphore(new LockClass("mmap_lock"), (int) user.contextId());
    }
  }

  private static Trial<TableWorld> unmapBoth(boolean isPlanted) {
    Map<TableWorld, Device> devices = new WeakHashMap<>();
    return new Trial<>(
        () -> {
          TableWorld world =
              new TableWorld(
                  TableRules.ALL, config -> config, isPlanted ? Late::new : UserTables::new);
          Device device = new Device(world.mm());
          Cpu cpu = world.kernel().cpu(1);
          device.pfn = world.kernel().allocator().allocate(cpu, Gfp.USER, 0);
          boolean isMapped = world.map(cpu, TableWorld.HEAP, device.pfn);
          long answer = world.touch(cpu, TableWorld.HEAP);
          assert isMapped && answer == 0;
          devices.put(world, device);
          return world;
        },
        List.of(
            List.of(
                TableWorld.act(
                    "munmap", (world, cpu) -> unmapArea(world, cpu, device(devices, world)))),
            List.of(
                TableWorld.act(
                    "unmap_mapping_range and free",
                    (world, cpu) -> unmapFile(world, cpu, device(devices, world))))));
  }

  private static Device device(Map<TableWorld, Device> devices, TableWorld world) {
    return requireNonNull(devices.get(world));
  }

  private static final ZapLeaves RAW = (cpu, mm, va, entry, level) -> ZapLeaves.NOTHING;

  private static long unmapArea(TableWorld world, Cpu cpu, Device device) {
    device.areas.acquire(cpu);
    MmuGather gather = world.tables().gather(world.mm(), /* isFullMm= */ false);
    gather.sawRawFrames();
    long end = TableWorld.HEAP + TableWorld.PAGE_BYTES;
    world.tables().zap(cpu, gather, TableWorld.HEAP, end, RAW, /* reclaims= */ false);
    gather.freeAreas(cpu);
    device.lock.acquire(cpu);
    device.hasArea = false;
    device.lock.release(cpu);
    world.tables().freeTables(cpu, gather, TableWorld.HEAP, end, /* floor= */ 0, /* ceiling= */ 0);
    gather.finish(cpu);
    device.areas.release(cpu);
    return 0;
  }

  private static long unmapFile(TableWorld world, Cpu cpu, Device device) {
    device.lock.acquire(cpu);
    if (device.hasArea) {
      long end = TableWorld.HEAP + TableWorld.PAGE_BYTES;
      world.zap(cpu, TableWorld.HEAP, end, /* reclaims= */ false, RAW);
    }
    device.lock.release(cpu);
    world.kernel().allocator().free(cpu, device.pfn, 0);
    return 0;
  }

  /** User tables whose gathers flush raw frames at their end only. */
  private static final class Late extends UserTables {
    Late(GatherServices services, GatherConfig config) {
      super(services, config);
    }

    @Override
    protected MmuGather makeGather() {
      return new MmuGather(this) {
        @Override
        public void freeAreas(Cpu cpu) {}
      };
    }
  }
}
