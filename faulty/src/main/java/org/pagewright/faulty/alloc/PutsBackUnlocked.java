package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.PageblockConversion;
import org.pagewright.kernel.buddy.Zone;

/**
 * A block whose direct map could not be changed goes back to the free lists without the zone's
 * lock, which was released for the change ({@code __rmqueue_direct_map()}, "mm: Add __GFP_UNMAPPED"
 * RFC 17/19; the other branch takes it again).
 *
 * <p>Scenario: a request for an unmapped frame finds none; the page table that the change needs
 * cannot be had.
 */
public final class PutsBackUnlocked implements PlantedBug {
  @Override
  public String name() {
    return "direct-map-fail-unlocked-free";
  }

  @Override
  public int gallery() {
    return 4;
  }

  @Override
  public Status status() {
    return Status.READING;
  }

  @Override
  public String oracle() {
    return "execution-rules";
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
                  protected void putBack(Cpu cpu, Zone zone, long pfn, int order, int freetype) {
                    free(cpu, zone, pfn, order, freetype);
                  }
                });
      }
      world.refuseConversions();
      long pfn = world.allocator().allocate(world.cpu(), Gfp.KERNEL, 0, AllocFlags.UNMAPPED);
      assert pfn == PageAllocator.NONE : pfn;
      return world.found();
    }
  }
}
