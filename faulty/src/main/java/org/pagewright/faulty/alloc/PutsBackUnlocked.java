package org.pagewright.faulty.alloc;

import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.fault.FaultSearch;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.AllocatorParts;
import org.pagewright.kernel.alloc.PageblockConversion;
import org.pagewright.kernel.buddy.Zone;

/**
 * A block whose direct map could not be changed goes back to the free lists without the zone's
 * lock, which was released for the change ({@code __rmqueue_direct_map()}, "mm: Add __GFP_UNMAPPED"
 * RFC 17/19; the other branch takes it again).
 *
 * <p>Scenario: a request for an unmapped frame finds none; each request for memory fails once, that
 * for the page table which a leaf of 1 GiB needs among them.
 */
public final class PutsBackUnlocked extends PageblockConversion {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "direct-map-fail-unlocked-free",
          4,
          PlantedBug.Status.READING,
          "execution-rules",
          "a block that could not be converted goes back without the zone's lock",
          FaultSearch.of(PutsBackUnlocked::takeUnmapped, /* pairsMax= */ 0));

  private PutsBackUnlocked(AllocatorParts parts) {
    super(parts);
  }

  private static Trial<AllocatorWorld> takeUnmapped(boolean isPlanted) {
    return Trial.of(
        () ->
            AllocatorWorld.converting(isPlanted ? PutsBackUnlocked::new : PageblockConversion::new),
        "take an unmapped frame",
        AllocatorWorld::takeUnmapped);
  }

  @Override
  protected void putBack(Cpu cpu, Zone zone, long pfn, int order, int freetype) {
    free(cpu, zone, pfn, order, freetype);
  }
}
