package org.pagewright.faulty.vm;

import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.HugePages;
import org.pagewright.kernel.vm.VmServices;

/**
 * A collapse takes the lowest table out, flushes, and uses the table again; where flushes are
 * broadcast, that does not wait for walkers without locks (before 2ba99c5e0881, "mm/khugepaged: fix
 * GUP-fast interaction by sending IPI", 2022).
 *
 * <p>Scenario: CPU 0 collapses small pages and unmaps the huge page, which frees the table that was
 * deposited behind it; CPU 1 pins one of the pages. Arm64, because there a flush interrupts nobody.
 */
public final class CollapsesUnderWalkers {
  private static final long HUGE = 2L << 20;
  private static final long VA = 64 * HUGE;

  public static final PlantedBug BUG =
      new PlantedBug(
          "gup-fast-vs-table-removal",
          47,
          PlantedBug.Status.CONFIRMED,
          "walked-tables",
          "a collapse does not wait for walkers without locks",
          Search.exhaust(CollapsesUnderWalkers::trial, /* preemptionsMax= */ 1));

  private CollapsesUnderWalkers() {}

  private static Trial<ProgramWorld> trial(boolean isPlanted) {
    return Trial.ofTwo(
        () -> world(isPlanted),
        Act.of("pin without locks", CollapsesUnderWalkers::pin),
        Act.of("collapse", CollapsesUnderWalkers::collapse));
  }

  private static ProgramWorld world(boolean isPlanted) {
    ProgramWorld world =
        new ProgramWorld(
            "aarch64-4k",
            ProgramWorld.when(
                isPlanted, (services, parts) -> parts.withHuge(new Careless(services))));
    Cpu cpu = world.machine().cpu(0);
    AddressSpace space = world.start(0);
    int access = Access.READ | Access.WRITE;
    // In two steps, so that the first page is a small one.
    long small = HUGE - world.pageBytes();
    ProgramWorld.require(world.memory().mapAnonymous(cpu, space, VA, small, access) == VA);
    ProgramWorld.require(world.userMode().store(cpu, VA, 1) == 0);
    long last = VA + small;
    ProgramWorld.require(
        world.memory().mapAnonymous(cpu, space, last, world.pageBytes(), access) == last);
    return world;
  }

  private static long collapse(ProgramWorld world, Cpu cpu) {
    AddressSpace space = world.space(0);
    long result = world.memory().collapse(cpu, space, VA);
    return result != 0 ? 0 : world.memory().unmap(cpu, space, VA, HUGE);
  }

  private static long pin(ProgramWorld world, Cpu cpu) {
    long pfn = world.memory().gup().pinFast(cpu, world.space(0), VA, /* write= */ true);
    if (pfn >= 0) {
      world.memory().gup().unpin(cpu, pfn);
    }
    return 0;
  }

  /** Waits for nobody. */
  private static final class Careless extends HugePages {
    Careless(VmServices services) {
      super(services);
    }

    @Override
    protected void synchroniseWalkers(Cpu cpu) {}
  }
}
