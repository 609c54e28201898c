package org.pagewright.faulty.alloc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.check.alloc.AllocatorMutants;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.alloc.Gfp;

/**
 * A stress test of the allocator stores each block under its first frame and looks up what it just
 * stored, so that it cannot see a frame that it is given twice (mm/tests/page_alloc_kunit.c in
 * bjackman/linux, 606f8f867a90). The test is the bug, not the allocator.
 *
 * <p>Scenario: the test runs on the model's allocator, and on ones that hand out frames twice.
 */
public final class LooksUpWhatItStored {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "double-alloc-test-cannot-fail",
          77,
          PlantedBug.Status.READING,
          AllocatorMutants.NAME,
          "a stress test looks up what it has just stored itself",
          Search.once(LooksUpWhatItStored::run));

  private static final int BLOCKS = 200;

  private LooksUpWhatItStored() {}

  private static List<Violation> run(boolean isPlanted) {
    try (AllocatorWorld world = AllocatorWorld.of(64)) {
      List<Violation> found = new ArrayList<>();
      AllocatorMutants.FramesTest test =
          frames -> passes(frames, isPlanted ? new LooksUp() : new LooksAtReplaced());
      found.addAll(AllocatorMutants.wrongAbout(framesOf(world), test));
      found.addAll(world.inspect());
      return found;
    }
  }

  private static AllocatorMutants.Frames framesOf(AllocatorWorld world) {
    return new AllocatorMutants.Frames() {
      @Override
      public long allocate(int order) {
        return world.allocator().allocate(world.cpu(), Gfp.KERNEL, order);
      }

      @Override
      public void free(long pfn, int order) {
        world.allocator().free(world.cpu(), pfn, order);
      }
    };
  }

  /** What a test remembers of the frames that it has. */
  private interface Register {
    /** Notes a block; false if a frame of it was noted already. */
    boolean note(long pfn, int order);
  }

  /** As posted: what was stored is there, whatever it replaced. */
  private static final class LooksUp implements Register {
    private final Map<Long, Long> byFrame = new HashMap<>();

    @Override
    public boolean note(long pfn, int order) {
      byFrame.put(pfn, pfn);
      return byFrame.get(pfn) == pfn;
    }
  }

  /** Every frame of a block is stored, and the replaced value tells whether it was there. */
  private static final class LooksAtReplaced implements Register {
    private final Map<Long, Long> byFrame = new HashMap<>();

    @Override
    public boolean note(long pfn, int order) {
      boolean isNew = true;
      for (long at = pfn; at < pfn + (1L << order); at++) {
        isNew &= byFrame.put(at, pfn) == null;
      }
      return isNew;
    }
  }

  /** Takes blocks of one and two frames, notes them, and gives them back. */
  private static boolean passes(AllocatorMutants.Frames frames, Register register) {
    long[] pfns = new long[BLOCKS];
    boolean isFine = true;
    for (int i = 0; i < BLOCKS; i++) {
      pfns[i] = frames.allocate(i & 1);
      isFine &= register.note(pfns[i], i & 1);
    }
    for (int i = 0; i < BLOCKS; i++) {
      frames.free(pfns[i], i & 1);
    }
    return isFine;
  }
}
