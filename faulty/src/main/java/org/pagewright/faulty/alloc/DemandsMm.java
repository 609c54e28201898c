package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.PageZeroing;

/**
 * Every request for unmapped pages with the flag of v1 and v2 needs a task whose mermap is
 * prepared, also if nothing is to be zeroed through it ({@code prepare_alloc_pages()}, "mm: Add
 * __GFP_UNMAPPED" RFC 17/19). The posted rule is the bug.
 *
 * <p>Scenario: a kernel thread asks for an unmapped frame that nobody has to zero.
 */
public final class DemandsMm {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "unmapped-request-needs-mm",
          76,
          PlantedBug.Status.READING,
          "requests-served",
          "unmapped requests need a prepared mermap even where nothing is zeroed",
          Search.once(DemandsMm::run));

  private DemandsMm() {}

  private static List<Violation> run(boolean isPlanted) {
    try (FaultyKernel world = FaultyKernel.sound()) {
      PageAllocator allocator = world.kernel().allocator();
      if (!isPlanted) {
        allocator.setZeroing(new OnlyIfNeeded(world));
      }
      world.runKernelThread(0);
      long first = allocator.allocate(world.cpu(0), Gfp.KERNEL, 0, AllocFlags.UNMAPPED);
      long second = allocator.allocate(world.cpu(0), Gfp.KERNEL | Gfp.UNMAPPED, 0);
      assert first != PageAllocator.NONE && (second == PageAllocator.NONE) == isPlanted : second;
      return world.inspect();
    }
  }

  /** Asks for a prepared mermap where something is to be zeroed through it. */
  private record OnlyIfNeeded(FaultyKernel world) implements PageZeroing {
    @Override
    public boolean isNeeded(int gfp) {
      return (gfp & Gfp.ZERO) != 0;
    }

    @Override
    public boolean isReady(Cpu cpu) {
      return world.mermap().isReady(cpu);
    }

    @Override
    public void zero(Cpu cpu, long pfn, int order) {
      throw new IllegalStateException("nothing is to be zeroed");
    }
  }
}
