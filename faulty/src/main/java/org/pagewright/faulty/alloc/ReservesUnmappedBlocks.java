package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.Highatomic;
import org.pagewright.kernel.alloc.PageAllocator;

/**
 * Unmapped requests use the high-atomic reserve, although there is no list for reserved unmapped
 * pages ({@code rmqueue_buddy()} and {@code reserve_highatomic_pageblock()}, "mm: Add
 * __GFP_UNMAPPED" RFC 17/19: the freetype is built with the flags and its index is not tested).
 *
 * <p>Scenario: memory is short; an atomic request of 16 unmapped frames is served from a pageblock,
 * which joins the reserve.
 */
public final class ReservesUnmappedBlocks {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "highatomic-list-minus-one",
          22,
          PlantedBug.Status.READING,
          "free-memory-agreement",
          "unmapped requests use the high-atomic reserve, which has no list for them",
          Search.once(ReservesUnmappedBlocks::run));

  private ReservesUnmappedBlocks() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(288)) {
      if (isPlanted) {
        world
            .allocator()
            .setHighatomic(
                new Highatomic(world.allocator().parts()) {
                  @Override
                  protected boolean serves(int freetype) {
                    return true;
                  }
                });
      }
      world.poolUnmapped(1);
      int taken = world.takeAll(Gfp.ATOMIC | Gfp.MEMALLOC);
      long pfn = world.allocator().allocate(world.cpu(), Gfp.ATOMIC, 4, AllocFlags.UNMAPPED);
      assert taken > 0 && pfn != PageAllocator.NONE : pfn;
      return world.inspect();
    }
  }
}
