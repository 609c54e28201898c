package org.pagewright.faulty.alloc;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageDebugging;

/**
 * What initialises pages that are given back does so through the direct map, whether it has them or
 * not ({@code free_pages_prepare()} and its poisoning, with the unmapped frames of "mm: Add
 * __GFP_UNMAPPED" RFC 17/19).
 *
 * <p>Scenario: an unmapped frame is given back on a kernel with {@code init_on_free=1}.
 */
public final class InitialisesUnmappedPages {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "debug-hooks-touch-unmapped-page",
          72,
          PlantedBug.Status.READING,
          "contents-hooks",
          "init_on_free clears unmapped pages through the direct map",
          Search.once(InitialisesUnmappedPages::run));

  private InitialisesUnmappedPages() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      PageDebugging.Options options =
          new PageDebugging.Options(
              /* initOnAllocate= */ false, /* initOnFree= */ true, /* poisons= */ false);
      PageDebugging.DirectAccess access =
          (cpu, pfn, order, pattern) -> fill(world, cpu, pfn, order, pattern);
      world
          .allocator()
          .setDebugging(
              new PageDebugging(world.allocator().parts(), options, access) {
                @Override
                protected boolean mayTouch(boolean isUnmapped) {
                  return isPlanted || super.mayTouch(isUnmapped);
                }
              });
      long pfn = world.allocator().allocate(world.cpu(), Gfp.KERNEL, 0, AllocFlags.UNMAPPED);
      world.allocator().free(world.cpu(), pfn, 0);
      return world.inspect();
    }
  }

  /** One word of each page will do. */
  private static void fill(AllocatorWorld world, Cpu cpu, long pfn, int order, long pattern) {
    for (long at = pfn; at < pfn + (1L << order); at++) {
      boolean isStored = cpu.store(world.kernel().directMap().va(at), Access.WRITE, pattern);
      assert isStored || world.allocator().isUnmapped(at) : at;
    }
  }
}
