package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.RequestFlags;

/**
 * The slow path adds its flags to those of the first attempt. The watermark in them is a number:
 * low and min together are low ({@code __alloc_pages_slowpath()}, "mm: Add __GFP_UNMAPPED" RFC
 * 16/19 and 17/19).
 *
 * <p>Scenario: user memory is taken frame by frame until a request fails.
 */
public final class KeepsLowWatermark {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "slowpath-keeps-low-watermark",
          17,
          PlantedBug.Status.CORROBORATED,
          "requests-served",
          "the slow path adds its watermark to the first attempt's",
          Search.once(KeepsLowWatermark::run));

  private KeepsLowWatermark() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      if (isPlanted) {
        world
            .allocator()
            .setRequestFlags(
                new RequestFlags(world.allocator().config()) {
                  @Override
                  public int afterFirst(int gfp, int order, int type, int first, int fromCaller) {
                    return first | super.afterFirst(gfp, order, type, first, fromCaller);
                  }
                });
      }
      int taken = world.takeAll(Gfp.HIGHUSER_MOVABLE);
      assert taken > 0;
      return world.inspect();
    }
  }
}
