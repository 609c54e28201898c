package org.pagewright.faulty.vm;

import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.BatchedFlush;
import org.pagewright.kernel.vm.VmServices;

/**
 * Whoever finds an entry empty flushes nothing, although reclaim has cleared it and its flush is
 * still to come (before 3ea277194daa, "mm, mprotect: flush TLB if potentially racing with a
 * parallel reclaim leaving stale TLB entries", 2017).
 *
 * <p>Scenario: CPU 0 reclaims a page of a file; CPU 1, whose TLB allows writing to it, takes the
 * write permission away.
 */
public final class SkipsBatchedFlush {
  public static final PlantedBug BUG =
      new PlantedBug(
          "reclaim-batched-flush-vs-mprotect",
          40,
          PlantedBug.Status.CONFIRMED,
          "user-translations",
          "who finds an entry empty forgets the flush that is still to come",
          Search.exhaust(SkipsBatchedFlush::trial, /* preemptionsMax= */ 1));

  private SkipsBatchedFlush() {}

  private static Trial<ProgramWorld> trial(boolean isPlanted) {
    return Trial.ofTwo(
        () -> world(isPlanted),
        Act.of("reclaim", (world, cpu) -> world.memory().reclaim(cpu, world.file(), 0, 1)),
        Act.of("mprotect", SkipsBatchedFlush::protect));
  }

  private static ProgramWorld world(boolean isPlanted) {
    ProgramWorld world =
        new ProgramWorld(
            "x86_64-4level",
            ProgramWorld.when(
                isPlanted, (services, parts) -> parts.withBatch(new Skipping(services))));
    AddressSpace space = world.start(1);
    world.mapFile(world.machine().cpu(1), space, Access.READ | Access.WRITE);
    return world;
  }

  private static long protect(ProgramWorld world, Cpu cpu) {
    AddressSpace space = world.space(0);
    long va = space.areas().all().getFirst().from();
    return world.memory().protect(cpu, space, va, world.pageBytes(), Access.READ);
  }

  /** Flushes nothing for others. */
  private static final class Skipping extends BatchedFlush {
    Skipping(VmServices services) {
      super(services);
    }

    @Override
    protected void flushPending(Cpu cpu, AddressSpace space) {}
  }
}
