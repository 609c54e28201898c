package org.pagewright.faulty.alloc;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.fault.FaultSearch;
import org.pagewright.kernel.alloc.AllocatorParts;
import org.pagewright.kernel.alloc.PageblockConversion;

/**
 * A block whose direct map could not be changed goes back as one of the freetype that was wanted,
 * not of the one that it has ({@code __rmqueue_direct_map()}, "mm: Add __GFP_UNMAPPED" RFC 17/19).
 *
 * <p>Scenario: a request for an unmapped frame finds none; each request for memory fails once, that
 * for the page table which a leaf of 1 GiB needs among them.
 */
public final class PutsBackWhatWasWanted extends PageblockConversion {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "direct-map-fail-wrong-freetype",
          3,
          PlantedBug.Status.READING,
          "free-memory-agreement",
          "a block that could not be converted goes back as what was wanted",
          FaultSearch.of(PutsBackWhatWasWanted::takeUnmapped, /* pairsMax= */ 0));

  private PutsBackWhatWasWanted(AllocatorParts parts) {
    super(parts);
  }

  private static Trial<AllocatorWorld> takeUnmapped(boolean isPlanted) {
    return Trial.of(
        () ->
            AllocatorWorld.converting(
                isPlanted ? PutsBackWhatWasWanted::new : PageblockConversion::new),
        "take an unmapped frame",
        AllocatorWorld::takeUnmapped);
  }

  @Override
  protected int putBackType(int taken, int wanted) {
    return wanted;
  }
}
