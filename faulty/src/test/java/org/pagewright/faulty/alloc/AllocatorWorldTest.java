package org.pagewright.faulty.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.Errno;

/** The page allocator without a bug on two CPUs whose steps come in many orders. */
class AllocatorWorldTest {
  private static final long SCHEDULES = 40;

  @Test
  void soundAllocator_requestsOfBothKindsOnTwoCpus_isSilentInEveryOrder() {
    Search.Subject<AllocatorWorld> both =
        isPlanted ->
            new Trial<>(
                () -> AllocatorWorld.of(64),
                List.of(
                    List.of(take(AllocFlags.UNMAPPED, 0), take(0, AllocatorWorld.BLOCK)),
                    List.of(take(0, 4), take(AllocFlags.UNMAPPED, 2))));
    Hunt hunt = Search.sample(both, SCHEDULES, /* seed= */ 1).run(false, () -> false);
    assertThat(hunt.violations()).isEmpty();
    assertThat(hunt.schedules()).isEqualTo(SCHEDULES);
  }

  private static Act<AllocatorWorld> take(int flags, int order) {
    return Act.of("take", (world, cpu) -> takeAndGiveBack(world, cpu, flags, order));
  }

  private static long takeAndGiveBack(AllocatorWorld world, Cpu cpu, int flags, int order) {
    long pfn = world.allocator().allocate(cpu, Gfp.KERNEL, order, flags);
    if (pfn == PageAllocator.NONE) {
      return -Errno.ENOMEM;
    }
    world.allocator().free(cpu, pfn, order);
    return 0;
  }
}
