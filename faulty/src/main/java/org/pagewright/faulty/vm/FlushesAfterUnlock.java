package org.pagewright.faulty.vm;

import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.Remapping;
import org.pagewright.kernel.vm.VmParts;
import org.pagewright.kernel.vm.VmServices;

/**
 * mremap releases the locks of both tables before it flushes the old addresses, so that somebody
 * else may free the page while they still lead to it (CVE-2018-18281, before eb66ae030829, "mremap:
 * properly flush TLB before releasing the page").
 *
 * <p>Scenario: CPU 0 moves a mapping of a file; another thread, whose TLB holds the old place,
 * truncates the file on CPU 1.
 */
public final class FlushesAfterUnlock {
  public static final PlantedBug BUG =
      new PlantedBug(
          "mremap-releases-ptl-before-flush",
          44,
          PlantedBug.Status.CONFIRMED,
          "freed-frame-translations",
          "mremap unlocks both tables before it flushes the old addresses",
          Search.exhaust(FlushesAfterUnlock::trial, /* preemptionsMax= */ 2));

  private FlushesAfterUnlock() {}

  private static Trial<ProgramWorld> trial(boolean isPlanted) {
    return Trial.ofTwo(
        () -> world(isPlanted),
        Act.of("mremap, then read", FlushesAfterUnlock::move),
        Act.of("ftruncate", (world, cpu) -> world.memory().truncate(cpu, world.file(), 0)));
  }

  private static ProgramWorld world(boolean isPlanted) {
    ProgramWorld world =
        new ProgramWorld(
            "x86_64-4level",
            ProgramWorld.when(
                isPlanted, (services, parts) -> parts.withRemapping(new Hasty(services, parts))));
    AddressSpace space = world.start(0);
    long va = world.mapFile(world.machine().cpu(0), space, Access.READ | Access.WRITE);
    world.alsoOn(1, space);
    ProgramWorld.require(world.userMode().store(world.machine().cpu(1), va, 2) == 0);
    return world;
  }

  private static long move(ProgramWorld world, Cpu cpu) {
    AddressSpace space = world.space(0);
    long va = space.areas().all().getFirst().from();
    long bytes = world.pageBytes();
    return world.memory().remap(cpu, space, va, bytes, bytes, va - 16 * bytes) < 0 ? -1 : 0;
  }

  /** Releases first. */
  private static final class Hasty extends Remapping {
    Hasty(VmServices services, VmParts parts) {
      super(services, parts.batch(), parts.huge());
    }

    @Override
    protected void end(Cpu cpu, Mm mm, Locks locks, long from, long to, int strideShift) {
      unlock(cpu, locks);
      flush(cpu, mm, from, to, strideShift);
    }
  }
}
