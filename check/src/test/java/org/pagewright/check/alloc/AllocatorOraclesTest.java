package org.pagewright.check.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorRepairs;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.BlockConversion;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.alloc.PageDebugging;
import org.pagewright.kernel.alloc.RequestFlags;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.compact.PageReporting;

/** Random requests of every kind on a kernel without a bug, under all oracles. */
class AllocatorOraclesTest {
  private static final int OPERATIONS = Integer.getInteger("pagewright.operations", 60_000);
  private static final int INSPECT_EVERY = 4_000;
  private static final int TURN = 15_000;
  private static final int HELD_MAX = 30_000;
  private static final int BLOCK_PAGES = 512;
  private static final int FIRST_CMA_BLOCK = 20;
  private static final int CMA_BLOCKS = 4;

  /** Pageblocks after the contiguous-memory area, whose type 6.1 would forget meanwhile. */
  private static final int ISOLABLE_BLOCKS = 100;

  private static final long BYTES = 288L << 20;

  private static final int[] REQUESTS = {
    Gfp.KERNEL,
    Gfp.HIGHUSER_MOVABLE,
    Gfp.KERNEL | Gfp.RECLAIMABLE,
    Gfp.ATOMIC,
    Gfp.NOWAIT,
    Gfp.ATOMIC | Gfp.MEMALLOC,
    Gfp.DMA32,
    Gfp.KERNEL | Gfp.DMA | Gfp.ZERO,
    Gfp.KERNEL | Gfp.NOWARN | Gfp.NORETRY
  };

  /** A booted kernel and what is held of its memory. */
  private static final class World implements AutoCloseable {
    final Choices choices;
    final int atomic;
    final KernelMachine kernel;
    final PageAllocator allocator;
    final PageReporting reporting;
    final Oracles oracles;
    final long[] pfns = new long[HELD_MAX];
    final int[] orders = new int[HELD_MAX];
    int held;
    int isolated;

    World(String version, long seed) {
      choices = new SeededChoices(seed);
      AllocatorRules rules = AllocatorRules.named(version);
      atomic = Gfp.named("GFP_ATOMIC", rules);
      kernel =
          KernelMachine.boot(
              KernelConfig.bare(
                      MachineConfig.small(PteFormat.named("x86_64-4level"))
                          .withMap(MemoryMap.parse("4K-640K,1M-" + BYTES))
                          .withCpus(2))
                  .withRules(rules));
      allocator = kernel.allocator();
      AllocatorRepairs repairs = new AllocatorRepairs(allocator);
      for (int block = 0; block < CMA_BLOCKS; block++) {
        repairs.makeCma((long) (FIRST_CMA_BLOCK + block) * BLOCK_PAGES);
      }
      allocator.setConversion(new SometimesFailing(kernel, choices));
      reporting = allocator.reporting((cpu, pfn, order) -> {});
      oracles =
          new Oracles(
              new WatchedKernel(
                  kernel.machine(), kernel.directMap(), allocator, /* mermap= */ null));
    }

    void step(int number) {
      int takes = (number / TURN) % 2 == 0 ? 950 : 250;
      int kind = choices.pick(1000, "operation");
      if (kind == 0) {
        allocator.drainAll();
      } else if (kind == 1) {
        reporting.reportAll(cpu());
      } else if (kind < 5) {
        isolateOrUndo(FIRST_CMA_BLOCK + CMA_BLOCKS + choices.pick(ISOLABLE_BLOCKS, "block"));
      } else if (held == 0 || (kind < takes && held < HELD_MAX)) {
        take();
      } else {
        give(choices.pick(held, "which"));
      }
    }

    private void isolateOrUndo(long block) {
      long pfn = block * BLOCK_PAGES;
      if (!allocator.undoIsolateBlock(/* cpu= */ 0, pfn, Migratetype.MOVABLE)) {
        isolated += allocator.isolateBlock(/* cpu= */ 0, pfn) ? 1 : 0;
      }
    }

    private Cpu cpu() {
      return kernel.cpu(choices.pick(2, "cpu"));
    }

    private void take() {
      int order = Math.min(10, Integer.numberOfTrailingZeros(1 + choices.pick(2048, "order")));
      int chosen = REQUESTS[choices.pick(REQUESTS.length, "request")];
      int gfp = chosen == Gfp.ATOMIC ? atomic : chosen;
      int flags =
          switch (choices.pick(8, "flags")) {
            case 0, 1 -> AllocFlags.UNMAPPED;
            case 2 -> AllocFlags.TRYLOCK;
            default -> 0;
          };
      // Versions 3 and 4 of the series leave the zeroing of unmapped pages to their callers.
      int wanted = flags == AllocFlags.UNMAPPED ? gfp & ~Gfp.ZERO : gfp;
      long pfn = allocator.allocate(cpu(), wanted, order, flags);
      if (pfn != PageAllocator.NONE) {
        pfns[held] = pfn;
        orders[held++] = order;
      }
    }

    private void give(int which) {
      long pfn = pfns[which];
      int order = orders[which];
      held--;
      pfns[which] = pfns[held];
      orders[which] = orders[held];
      allocator.free(cpu(), pfn, order);
    }

    @Override
    public void close() {
      oracles.close();
      kernel.close();
    }
  }

  /** Changes of the direct map of which one in ten finds no memory for a page table. */
  private record SometimesFailing(KernelMachine kernel, Choices choices)
      implements BlockConversion {
    @Override
    public boolean isPossible() {
      return kernel.conversion().isPossible();
    }

    @Override
    public int convert(Cpu cpu, long pfn, int order, boolean unmaps) {
      if (choices.pick(10, "conversion fails") != 0) {
        return kernel.conversion().convert(cpu, pfn, order, unmaps);
      }
      kernel.machine().events().record(KernelEvent.BLOCK_UNCHANGED, cpu.id(), pfn, order, -12);
      return -12;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "6.1, GFP_KERNEL",
    "6.1, GFP_NOWAIT",
    "6.1, GFP_ATOMIC",
    "6.12, GFP_NOWAIT",
    "6.12, GFP_ATOMIC",
    "7.0, GFP_KERNEL",
    "7.0, GFP_NOWAIT",
    "7.0, GFP_ATOMIC",
    "7.0, GFP_HIGHUSER_MOVABLE"
  })
  void soundKernel_singleFramesUntilNoneIsLeft_isSilent(String version, String gfp) {
    try (World world = new World(version, /* seed= */ 1)) {
      int flags = Gfp.named(gfp, AllocatorRules.named(version));
      int taken = 0;
      while (world.allocator.allocate(world.kernel.cpu(0), flags, 0) != PageAllocator.NONE) {
        taken++;
      }
      assertThat(taken).isPositive();
      assertThat(world.oracles.inspect()).isEmpty();
    }
  }

  @Test
  void requestPromises_frameOfTheOtherKind_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      Cpu cpu = world.kernel.cpu(0);
      EventLog events = world.kernel.machine().events();
      long mapped = world.allocator.allocate(cpu, Gfp.KERNEL, 0);
      world.allocator.free(cpu, mapped, 0);
      events.record(KernelEvent.REQUEST, 0, Gfp.KERNEL, 0, AllocFlags.UNMAPPED);
      events.record(KernelEvent.FRAMES_ALLOCATED, 0, mapped, 0, Gfp.KERNEL);
      assertThat(world.oracles.violations())
          .extracting(Violation::oracle)
          .containsExactly("request-promises");
    }
  }

  @Test
  void requestPromises_frameOfTheReserveForOneWhoMayWait_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      long pfn = reserve(world);
      EventLog events = world.kernel.machine().events();
      events.record(KernelEvent.REQUEST, 0, Gfp.KERNEL, 1, 0);
      assertThat(world.oracles.violations()).isEmpty();
      events.record(KernelEvent.FREE_LIST_REMOVE, 0, pfn, 9, Migratetype.HIGHATOMIC);
      events.record(KernelEvent.FRAMES_ALLOCATED, 0, pfn, 1, Gfp.KERNEL);
      assertThat(world.oracles.violations())
          .extracting(Violation::oracle)
          .contains("request-promises");
    }
  }

  @Test
  void requestsServed_failureWhileMemoryIsReserved_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      EventLog events = world.kernel.machine().events();
      long pfn = world.allocator.allocate(world.kernel.cpu(0), Gfp.KERNEL, 4);
      events.record(KernelEvent.FREE_LIST_ADD, 0, pfn, 4, Migratetype.HIGHATOMIC);
      events.record(KernelEvent.REQUEST, 0, Gfp.KERNEL, 1, 0);
      events.record(KernelEvent.REQUEST_FAILED, 0, Gfp.KERNEL, 1, 0);
      assertThat(world.oracles.violations())
          .anySatisfy(one -> assertThat(one.toString()).contains("for high-atomic requests"));
    }
  }

  /** A pageblock that is reserved for high-atomic requests. */
  private static long reserve(World world) {
    long pfn = (FIRST_CMA_BLOCK + CMA_BLOCKS + 3L) * BLOCK_PAGES;
    new AllocatorRepairs(world.allocator).retypeBlock(pfn, Migratetype.HIGHATOMIC);
    return pfn;
  }

  @Test
  void watermarksKept_moreManagedThanPresent_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      Zone zone = world.allocator.zones().getLast();
      assertThat(world.oracles.inspect()).isEmpty();
      zone.setPages(zone.managedPages(), zone.managedPages() - 1);
      assertThat(world.oracles.inspect())
          .extracting(Violation::oracle)
          .containsExactly("watermarks-kept");
    }
  }

  @Test
  void watermarksKept_cpuThatMayKeepMoreThanItsBounds_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      assertThat(world.oracles.inspect()).isEmpty();
      int zone = world.allocator.zones().getLast().id();
      new AllocatorRepairs(world.allocator).setPcp(zone, /* high= */ 1 << 20, /* batch= */ 63);
      assertThat(world.oracles.inspect())
          .extracting(Violation::oracle)
          .containsExactly("watermarks-kept");
    }
  }

  @Test
  void contentsHooks_frameThatIsNotZeroed_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      Cpu cpu = world.kernel.cpu(0);
      EventLog events = world.kernel.machine().events();
      long pfn = world.allocator.allocate(cpu, Gfp.KERNEL | Gfp.ZERO, 0);
      assertThat(world.oracles.violations()).isEmpty();
      world.kernel.machine().memory().write((pfn << 12) + 4088, 1);
      events.record(KernelEvent.FRAMES_READY, 0, pfn, 0, Gfp.ZERO);
      assertThat(world.oracles.violations())
          .extracting(Violation::oracle)
          .containsExactly("contents-hooks");
    }
  }

  @Test
  void contentsHooks_initialisationOnFreeThatDoesNothing_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      Cpu cpu = world.kernel.cpu(0);
      world.allocator.setDebugging(
          new PageDebugging(
              world.allocator.parts(),
              new PageDebugging.Options(
                  /* initOnAllocate= */ false, /* initOnFree= */ true, /* poisons= */ false),
              (on, pfn, order, pattern) -> {}));
      long pfn = world.allocator.allocate(cpu, Gfp.KERNEL, 0);
      world.kernel.machine().memory().write(pfn << 12, 1);
      world.allocator.free(cpu, pfn, 0);
      assertThat(world.allocator.allocate(cpu, Gfp.KERNEL, 0)).isEqualTo(pfn);
      assertThat(world.oracles.violations())
          .extracting(Violation::oracle)
          .containsExactly("contents-hooks");
    }
  }

  @Test
  void freeMemoryAgreement_reserveThatPageblocksDoNotHave_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      Zone zone = world.allocator.zones().getLast();
      zone.setReservedHighatomic(zone.reservedHighatomic() + BLOCK_PAGES);
      assertThat(world.oracles.inspect())
          .extracting(Violation::oracle)
          .containsExactly("free-memory-agreement");
    }
  }

  @Test
  void watermarksKept_requestThatIsGivenAllReserves_isFound() {
    try (World world = new World("7.0", /* seed= */ 1)) {
      world.allocator.setRequestFlags(
          new RequestFlags(world.allocator.config()) {
            @Override
            public int afterFirst(int gfp, int order, int type, int first, int fromCaller) {
              return withReserves(AllocFlags.NO_WATERMARKS, first, fromCaller);
            }
          });
      while (world.allocator.allocate(world.kernel.cpu(0), Gfp.HIGHUSER_MOVABLE, 0) >= 0) {
        assertThat(world.oracles.violations().size()).isLessThan(100);
      }
      assertThat(world.oracles.inspect())
          .isNotEmpty()
          .extracting(Violation::oracle)
          .containsOnly("watermarks-kept");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"6.1", "6.12", "6.18", "7.0"})
  void soundKernel_randomRequestsOfEveryKind_isSilent(String version) {
    try (World world = new World(version, version.hashCode())) {
      for (int i = 0; i < OPERATIONS; i++) {
        world.step(i);
        if (i % INSPECT_EVERY == 0) {
          assertThat(world.oracles.inspect()).as("after operation %d", i).isEmpty();
        }
      }
      assertThat(world.oracles.inspect()).isEmpty();
      assertThat(world.allocator.conversions()).as("conversions").isPositive();
      assertThat(world.allocator.failures()).as("failures").isPositive();
      assertThat(world.isolated).as("isolated pageblocks").isPositive();
    }
  }
}
