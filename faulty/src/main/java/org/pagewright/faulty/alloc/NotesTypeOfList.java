package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.PcpListing;
import org.pagewright.kernel.buddy.Freetype;

/**
 * A page whose type has no per-CPU list is noted as one of the list that it goes to, and drained as
 * such (mm/page_alloc.c before commit 47aef6010b83, 2021). The note decides in kernels before 6.10.
 *
 * <p>Scenario: a page of a contiguous-memory area is given back and drained, on Linux 6.1.
 */
public final class NotesTypeOfList {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "pcp-overwrites-real-type",
          57,
          PlantedBug.Status.CONFIRMED,
          "free-memory-agreement",
          "a page without a per-CPU list of its own is noted as of the list it joins",
          Search.once(NotesTypeOfList::run));

  private NotesTypeOfList() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.withCma(AllocatorRules.V6_1, 10, 30)) {
      if (isPlanted) {
        world
            .allocator()
            .setPcpListing(
                new PcpListing() {
                  @Override
                  public int noted(int freetype) {
                    return Freetype.migratetype(listed(freetype));
                  }
                });
      }
      long pfn = world.allocator().allocate(world.cpu(), Gfp.HIGHUSER_MOVABLE, 0);
      assert pfn != PageAllocator.NONE;
      world.allocator().free(world.cpu(), pfn, 0);
      world.allocator().drainAll();
      return world.inspect();
    }
  }
}
