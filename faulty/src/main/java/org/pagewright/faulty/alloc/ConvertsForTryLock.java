package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.PageblockConversion;

/**
 * The conversion tests only whether the caller can block. A request that may only try locks enters
 * it when its other flags allow blocking ({@code __rmqueue_direct_map()}, "mm: Add __GFP_UNMAPPED"
 * RFC 17/19). {@code alloc_pages_nolock()} as posted passes none that do, so it is a caller inside
 * mm with {@code GFP_KERNEL} that shows it.
 *
 * <p>Scenario: all mapped memory is taken and a pageblock is free that could be mapped; a request
 * follows that may only try locks.
 */
public final class ConvertsForTryLock {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "nolock-alloc-enters-conversion",
          73,
          PlantedBug.Status.CORROBORATED,
          "request-promises",
          "a request that may only try locks converts a pageblock",
          Search.once(ConvertsForTryLock::run));

  private ConvertsForTryLock() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      if (isPlanted) {
        world
            .allocator()
            .setPageblockConversion(
                new PageblockConversion(world.allocator().parts()) {
                  @Override
                  protected boolean mayConvert(int flags) {
                    return (flags & AllocFlags.NOBLOCK) == 0;
                  }
                });
      }
      world.poolUnmapped(8);
      int taken = world.takeAll(Gfp.NOWAIT);
      long pfn = world.allocator().allocate(world.cpu(), Gfp.KERNEL, 0, AllocFlags.TRYLOCK);
      assert taken > 0 && (pfn != PageAllocator.NONE) == isPlanted : pfn;
      return world.inspect();
    }
  }
}
