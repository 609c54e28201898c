package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.RequestFlags;

/**
 * A request that may use the reserves gets new flags, without the one that says that its caller
 * cannot block ({@code __alloc_pages_slowpath()}, "mm: Add __GFP_UNMAPPED" RFC 17/19).
 *
 * <p>Scenario: pageblocks are free that could be mapped; requests with {@code __GFP_MEMALLOC} whose
 * caller cannot wait take all that is mapped.
 */
public final class ForgetsNoBlock {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "noblock-lost-with-reserves",
          18,
          PlantedBug.Status.CORROBORATED,
          "request-promises",
          "a request that may use reserves forgets that its caller cannot block",
          Search.once(ForgetsNoBlock::run));

  private ForgetsNoBlock() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      if (isPlanted) {
        world
            .allocator()
            .setRequestFlags(
                new RequestFlags(world.allocator().config()) {
                  @Override
                  public int withReserves(int granted, int slow, int fromCaller) {
                    return super.withReserves(granted, slow, fromCaller) & ~AllocFlags.NOBLOCK;
                  }
                });
      }
      world.poolUnmapped(8);
      int taken = world.takeAll(Gfp.ATOMIC | Gfp.MEMALLOC);
      assert taken > 0;
      return world.inspect();
    }
  }
}
