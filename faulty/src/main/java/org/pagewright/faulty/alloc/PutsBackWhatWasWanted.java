package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.PageblockConversion;

/**
 * A block whose direct map could not be changed goes back as one of the freetype that was wanted,
 * not of the one that it has ({@code __rmqueue_direct_map()}, "mm: Add __GFP_UNMAPPED" RFC 17/19).
 *
 * <p>Scenario: a request for an unmapped frame finds none; the page table that the change needs
 * cannot be had.
 */
public final class PutsBackWhatWasWanted implements PlantedBug {
  @Override
  public String name() {
    return "direct-map-fail-wrong-freetype";
  }

  @Override
  public int gallery() {
    return 3;
  }

  @Override
  public Status status() {
    return Status.READING;
  }

  @Override
  public String oracle() {
    return "free-memory-agreement";
  }

  @Override
  public List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      if (isPlanted) {
        world
            .allocator()
            .setPageblockConversion(
                new PageblockConversion(world.allocator().parts()) {
                  @Override
                  protected int putBackType(int taken, int wanted) {
                    return wanted;
                  }
                });
      }
      world.refuseConversions();
      long pfn = world.allocator().allocate(world.cpu(), Gfp.KERNEL, 0, AllocFlags.UNMAPPED);
      assert pfn == PageAllocator.NONE || isPlanted : pfn;
      return world.found();
    }
  }
}
