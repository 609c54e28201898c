package org.pagewright.kernel.directmap;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;

/** Both directions of conversion at once, under many schedules: the stress test of v4. */
final class ConversionRaceTest {
  private static final long STEPS = 1_000_000;
  private static final int REQUESTS = 24;
  private static final int SCHEDULES = 12;
  private static final int ROUNDS = 4;

  /** Blocks of 512 to 1024 pages, so that memory runs out and comes back in the other shape. */
  @ParameterizedTest
  @CsvSource({"x86_64-4level, 3", "x86_64-4level, 2", "aarch64-4k, 3"})
  void pagesOfBothKinds_underAnySchedule_areWhatWasAskedFor(String format, int leaf) {
    long mapped = 0;
    for (int seed = 0; seed < SCHEDULES; seed++) {
      KernelConfig config = Kernels.withCpus(Kernels.config(format, "0-32M"), 2);
      try (KernelMachine kernel =
          KernelMachine.boot(config.withDirectMap(config.directMap().withLargestLeafLevel(leaf)))) {
        Scheduler scheduler = Scheduler.of(new SeededChoices(seed));
        Interleaving run = new Interleaving(kernel.machine(), scheduler, STEPS);
        run.add(kernel.cpu(0), cpu -> work(kernel, cpu, /* firstUnmapped= */ 0));
        run.add(kernel.cpu(1), cpu -> work(kernel, cpu, /* firstUnmapped= */ 1));
        assertThat(run.run().ending()).as("seed %d", seed).isEqualTo(Interleaving.Ending.FINISHED);
        kernel.allocator().drainAll();
        String broken =
            AllocatorVerifier.firstBroken(
                kernel.allocator(), pfn -> kernel.directMap().isPresentNow(pfn));
        assertThat(broken).as("seed %d", seed).isNull();
        mapped += kernel.conversion().mappedBlocks();
      }
    }
    assertThat(mapped).as("blocks mapped back").isPositive();
  }

  /**
   * Takes blocks until there are none, checks each, and gives all back; then the same with the
   * other kind.
   */
  private static void work(KernelMachine kernel, Cpu cpu, int firstUnmapped) {
    long[] taken = new long[REQUESTS];
    for (int round = 0; round < ROUNDS; round++) {
      int callerFlags = round % 2 == firstUnmapped ? AllocFlags.UNMAPPED : 0;
      int count = 0;
      for (int i = 0; i < REQUESTS; i++) {
        long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 9, callerFlags);
        if (pfn == PageAllocator.NONE) {
          continue;
        }
        boolean isReachable = cpu.translate(kernel.directMap().va(pfn), Access.READ) > 0;
        assertThat(isReachable).isEqualTo(callerFlags == 0);
        taken[count++] = pfn;
      }
      for (int i = 0; i < count; i++) {
        kernel.allocator().free(cpu, taken[i], 9);
      }
    }
  }
}
