package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.MergeRule;

/**
 * Freetypes count as equal when their migratetypes are, so that free pageblocks merge across the
 * edge of the direct map (include/linux/freetype.h, "mm: Add __GFP_UNMAPPED" RFC 10/19; v2 compares
 * the flags as well).
 *
 * <p>Scenario: a pageblock is taken unmapped and given back; its buddy is free, mapped, and of the
 * same migratetype.
 */
public final class MergesByMigratetype {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "freetypes-equal-ignores-flags",
          1,
          PlantedBug.Status.CORROBORATED,
          "free-memory-agreement",
          "freetypes are equal if their migratetypes are",
          Search.once(MergesByMigratetype::run));

  private MergesByMigratetype() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      if (isPlanted) {
        world.allocator().setMergeRule(MergesByMigratetype::mayMerge);
      }
      long pfn =
          world
              .allocator()
              .allocate(world.cpu(), Gfp.KERNEL, AllocatorWorld.BLOCK, AllocFlags.UNMAPPED);
      world.allocator().free(world.cpu(), pfn, AllocatorWorld.BLOCK);
      world.allocator().drainAll();
      return world.inspect();
    }
  }

  private static boolean mayMerge(int freetype, int other) {
    return Freetype.migratetype(freetype) == Freetype.migratetype(other)
        || MergeRule.LINUX.canMerge(freetype, other);
  }
}
