package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.compact.FreePageIsolation;

/**
 * A free block that is taken out to be reported leaves its pageblocks movable and their flags as
 * they are; there is no list of movable unmapped pages ({@code __isolate_free_page()}, "mm: Add
 * __GFP_UNMAPPED" RFC 17/19).
 *
 * <p>Scenario: a pageblock is free and unmapped when free memory is reported to the host.
 */
public final class ReportingRetypesUnmapped {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "reporting-flips-unmapped-block",
          23,
          PlantedBug.Status.READING,
          "free-memory-agreement",
          "reporting free memory makes unmapped pageblocks movable",
          Search.once(ReportingRetypesUnmapped::run));

  private ReportingRetypesUnmapped() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      if (isPlanted) {
        world
            .allocator()
            .setFreePageIsolation(
                new FreePageIsolation(world.allocator().parts().buddy()) {
                  @Override
                  protected boolean mayRetype(int freetype) {
                    return Migratetype.isMergeable(Freetype.migratetype(freetype));
                  }
                });
      }
      world.poolUnmapped(1);
      long pages = world.allocator().reporting((cpu, pfn, order) -> {}).reportAll(world.cpu());
      assert pages > 0;
      return world.inspect();
    }
  }
}
