package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.PageblockConversion;

/**
 * Only requests of the migratetype that unmapped pages have get a pageblock back into the direct
 * map; movable and reclaimable ones fail beside free memory ({@code __rmqueue_direct_map()}, "mm:
 * Add __GFP_UNMAPPED" RFC 17/19). The posted rule is the bug.
 *
 * <p>Scenario: unmapped memory is given back, all mapped memory is taken, user memory is asked for.
 */
public final class TrapsUnmappedMemory {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "movable-cannot-reclaim-unmapped",
          20,
          PlantedBug.Status.READING,
          "requests-served",
          "only unmovable requests get pageblocks back into the direct map",
          Search.once(TrapsUnmappedMemory::run));

  private TrapsUnmappedMemory() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      if (!isPlanted) {
        world
            .allocator()
            .setPageblockConversion(
                new PageblockConversion(world.allocator().parts()) {
                  @Override
                  protected int source(int freetype) {
                    return unmappedSource(freetype);
                  }
                });
      }
      world.poolUnmapped(8);
      int taken = world.takeAll(Gfp.NOWAIT);
      long pfn = world.allocator().allocate(world.cpu(), Gfp.HIGHUSER_MOVABLE, 0);
      assert taken > 0 && (pfn == PageAllocator.NONE) == isPlanted : pfn;
      return world.inspect();
    }
  }
}
