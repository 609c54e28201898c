package org.pagewright.faulty.vm;

import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.MapRequest;
import org.pagewright.kernel.vm.SharedTables;
import org.pagewright.kernel.vm.VmServices;

/**
 * Whether a middle table is shared is told from the reference count of its page, which anybody may
 * raise for a moment (CVE-2024-57883, before 59d9094df3d7, "mm: hugetlb: independent PMD page table
 * shared count").
 *
 * <p>Scenario: CPU 0 unmaps huge pages of a file that nobody else maps; CPU 1 looks at the page of
 * the middle table, as compaction does with pages it knows by number only.
 */
public final class CountsSharersByReferences {
  private static final long SPAN = 1L << 30;
  private static final long VA = 4 * SPAN;

  public static final PlantedBug BUG =
      new PlantedBug(
          "table-share-count-uses-refcount",
          46,
          PlantedBug.Status.CONFIRMED,
          "nothing-lost",
          "sharers of a table are counted by its reference count",
          Search.exhaust(CountsSharersByReferences::trial, /* preemptionsMax= */ 1));

  private CountsSharersByReferences() {}

  private static Trial<ProgramWorld> trial(boolean isPlanted) {
    return Trial.ofTwo(
        () -> world(isPlanted),
        Act.of("munmap", (world, cpu) -> world.memory().unmap(cpu, world.space(0), VA, SPAN)),
        Act.of("look at the table", CountsSharersByReferences::look));
  }

  private static ProgramWorld world(boolean isPlanted) {
    ProgramWorld world =
        new ProgramWorld(
            "x86_64-4level",
            ProgramWorld.when(
                isPlanted, (services, parts) -> parts.withShared(new Referring(services))));
    Cpu cpu = world.machine().cpu(0);
    AddressSpace space = world.start(0);
    int access = Access.READ | Access.WRITE;
    MapRequest request = new MapRequest(VA, SPAN, access, true, world.hugeFile(4), 0);
    ProgramWorld.require(world.memory().map(cpu, space, request) == VA);
    ProgramWorld.require(world.userMode().store(cpu, VA, 1) == 0);
    return world;
  }

  private static long look(ProgramWorld world, Cpu cpu) {
    long slot = world.services().userTables().find(cpu, world.space(0).mm(), VA, 2);
    if (slot != EntrySlot.NONE) {
      world.memory().shared().inspect(cpu, EntrySlot.pa(slot) >>> 12);
    }
    return 0;
  }

  /** Takes every reference for a user. */
  private static final class Referring extends SharedTables {
    Referring(VmServices services) {
      super(services);
    }

    @Override
    protected boolean isShared(Cpu cpu, long tablePfn) {
      return references(cpu, tablePfn) > 1;
    }
  }
}
