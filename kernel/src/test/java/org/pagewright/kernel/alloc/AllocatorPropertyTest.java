package org.pagewright.kernel.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.buddy.LockContention;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Random operations of every kind on a small machine, with every invariant checked.
 *
 * <p>{@code ./pagewright test -pl hardware,kernel -Dtest=AllocatorPropertyTest
 * -Dextra.argLine=-Dpagewright.operations=10000000} runs ten million for each version.
 */
class AllocatorPropertyTest {
  private static final int OPERATIONS = Integer.getInteger("pagewright.operations", 100_000);
  private static final int CHECKS = 40;
  private static final long BYTES = 288L << 20;
  private static final int BLOCK_PAGES = 512;
  private static final int TURN = 20_000;
  private static final int HELD_MAX = 60_000;

  private static final int[] REQUESTS = {
    Gfp.KERNEL,
    Gfp.HIGHUSER_MOVABLE,
    Gfp.KERNEL | Gfp.RECLAIMABLE,
    Gfp.ATOMIC,
    Gfp.KERNEL | Gfp.UNMAPPED,
    Gfp.DMA32,
    Gfp.KERNEL | Gfp.NOWARN | Gfp.NORETRY
  };

  /** The allocator under test with what is held of it, and a direct map of its own. */
  private static final class World implements AutoCloseable, BlockConversion {
    final Choices choices;

    /** What GFP_ATOMIC is in the version. */
    final int atomic;

    final Machine machine;
    final PageAllocator allocator;
    final long total;
    final BitSet absent = new BitSet();
    final BitSet owned = new BitSet();
    final long[] pfns = new long[HELD_MAX];
    final int[] orders = new int[HELD_MAX];
    final BitSet isolated = new BitSet();

    /** Isolated pageblocks of contiguous-memory areas, which stay such. */
    final BitSet areas = new BitSet();

    int held;
    long conversions;
    long reservedAtMost;

    World(String version, long seed) {
      choices = new SeededChoices(seed);
      atomic = Gfp.named("GFP_ATOMIC", AllocatorRules.named(version));
      MemoryMap map = MemoryMap.parse("4K-640K,1M-" + BYTES);
      machine =
          new Machine(
              MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(map).withCpus(2));
      allocator = new PageAllocator(AllocatorConfig.of(map, 2, AllocatorRules.named(version)));
      for (MemoryMap.Range range : map.ranges()) {
        allocator.handOver(range.from() >>> 12, range.to() >>> 12);
      }
      allocator.finishBoot();
      allocator.letCountersLag();
      allocator.setContention(LockContention.chosen(choices, /* oneIn= */ 50));
      allocator.setConversion(this);
      allocator.setZeroing(
          new PageZeroing() {
            @Override
            public boolean isReady(Cpu cpu) {
              return true;
            }

            @Override
            public void zero(Cpu cpu, long pfn, int order) {}
          });
      AllocatorRepairs repairs = new AllocatorRepairs(allocator);
      for (long block = 20; block < 24; block++) {
        repairs.makeCma(block * BLOCK_PAGES);
      }
      total = allocator.freePages();
    }

    @Override
    public boolean isPossible() {
      return true;
    }

    @Override
    public int convert(Cpu cpu, long pfn, int order, boolean unmaps) {
      if (choices.pick(10, "conversion fails") == 0) {
        return -12;
      }
      conversions++;
      absent.set((int) pfn, (int) pfn + (1 << order), unmaps);
      return 0;
    }

    /** An operation; in turns memory fills up and empties. */
    void step(int number) {
      int takes = (number / TURN) % 2 == 0 ? 850 : 350;
      int kind = choices.pick(1000, "operation");
      if (kind == 0) {
        allocator.drainAll();
      } else if (kind < 4) {
        isolate();
      } else if (kind < 7) {
        undoIsolation();
      } else if (kind < 9) {
        allocator.refresh(choices.pick(2, "cpu"));
      } else if (held == 0 || (kind < takes && held < HELD_MAX)) {
        take();
      } else {
        give(choices.pick(held, "which"));
      }
    }

    private void noteReserve() {
      for (Zone zone : allocator.zones()) {
        reservedAtMost = Math.max(reservedAtMost, zone.reservedHighatomic());
      }
    }

    private void take() {
      int order = Math.min(10, Integer.numberOfTrailingZeros(1 + choices.pick(2048, "order")));
      int chosen = REQUESTS[choices.pick(REQUESTS.length, "request")];
      int gfp = chosen == Gfp.ATOMIC ? atomic : chosen;
      Cpu cpu = machine.cpu(choices.pick(2, "cpu"));
      long pfn = allocator.allocate(cpu, gfp, order);
      if (pfn == PageAllocator.NONE) {
        return;
      }
      int from = (int) pfn;
      int to = from + (1 << order);
      int taken = owned.nextSetBit(from);
      assertThat(taken < 0 || taken >= to).as("frame %d is handed out twice", taken).isTrue();
      boolean wantsAbsent = (gfp & Gfp.UNMAPPED) != 0;
      int end = wantsAbsent ? absent.nextClearBit(from) : absent.nextSetBit(from);
      assertThat(end < 0 || end >= to).as("presence of frames %d to %d", from, to).isTrue();
      owned.set(from, to);
      pfns[held] = pfn;
      orders[held++] = order;
    }

    private void give(int which) {
      long pfn = pfns[which];
      int order = orders[which];
      held--;
      pfns[which] = pfns[held];
      orders[which] = orders[held];
      owned.clear((int) pfn, (int) pfn + (1 << order));
      allocator.free(machine.cpu(choices.pick(2, "cpu")), pfn, order);
    }

    private void isolate() {
      int block = 1 + choices.pick((int) (BYTES >>> 21) - 1, "block");
      int type = allocator.blockFreetype((long) block * BLOCK_PAGES);
      if (allocator.isolateBlock(/* cpu= */ 0, (long) block * BLOCK_PAGES)) {
        isolated.set(block);
        areas.set(block, type == Migratetype.CMA);
      }
    }

    private void undoIsolation() {
      int block = isolated.nextSetBit(choices.pick((int) (BYTES >>> 21), "from"));
      if (block >= 0) {
        int type =
            areas.get(block)
                ? Migratetype.CMA
                : choices.pick(Migratetype.PCP_TYPES, "type after isolation");
        assertThat(allocator.undoIsolateBlock(0, (long) block * BLOCK_PAGES, type)).isTrue();
        isolated.clear(block);
      }
    }

    void check(int operation) {
      noteReserve();
      assertThat(AllocatorVerifier.firstBroken(allocator, pfn -> !absent.get((int) pfn)))
          .as("after operation %d", operation)
          .isNull();
    }

    void giveAllBack() {
      while (held > 0) {
        give(held - 1);
      }
      for (int block = isolated.nextSetBit(0); block >= 0; block = isolated.nextSetBit(block + 1)) {
        allocator.undoIsolateBlock(0, (long) block * BLOCK_PAGES, Migratetype.MOVABLE);
      }
      allocator.drainAll();
    }

    @Override
    public void close() {
      allocator.close();
      machine.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"6.1", "6.12", "6.18", "7.0"})
  void randomOperations_ofEveryKind_holdEveryInvariant(String version) {
    try (World world = new World(version, version.hashCode())) {
      for (int i = 0; i < OPERATIONS; i++) {
        world.step(i);
        if (i % (OPERATIONS / CHECKS) == 0) {
          world.check(i);
        }
      }
      assertThat(world.conversions).as("conversions").isPositive();
      assertThat(world.reservedAtMost).as("pages in the high-atomic reserve").isPositive();
      world.giveAllBack();
      world.check(OPERATIONS);
      assertThat(world.allocator.freePages()).isEqualTo(world.total);
    }
  }

  @Test
  void isolatedBlock_isNotHandedOutUntilItIsGivenBack() {
    try (World world = new World("7.0", 1)) {
      long before = world.allocator.freePages();
      assertThat(world.allocator.isolateBlock(0, 30 * BLOCK_PAGES)).isTrue();
      assertThat(world.allocator.isolateBlock(0, 30 * BLOCK_PAGES)).isFalse();
      assertThat(world.allocator.freePages()).isEqualTo(before - BLOCK_PAGES);

      long pfn = 0;
      while (pfn != PageAllocator.NONE) {
        pfn = world.allocator.allocate(0, Gfp.HIGHUSER_MOVABLE, 0, PageAllocator.ANY_ZONE);
        assertThat(pfn / BLOCK_PAGES).isNotEqualTo(30);
      }
      long left = world.allocator.freePages();
      assertThat(world.allocator.undoIsolateBlock(0, 30 * BLOCK_PAGES, Migratetype.MOVABLE))
          .isTrue();
      assertThat(world.allocator.freePages()).isEqualTo(left + BLOCK_PAGES);
    }
  }

  @Test
  void machineOf4TiB_bootsWithin10Seconds() {
    long bytes = 4L << 40;
    AllocatorConfig config = AllocatorConfig.of(MemoryMap.of(bytes), 2, AllocatorRules.V7_0);
    long start = System.nanoTime();
    try (PageAllocator allocator = new PageAllocator(config)) {
      allocator.handOver(1, bytes >>> 12);
      allocator.finishBoot();
      assertThat(System.nanoTime() - start).as("ns").isLessThan(10_000_000_000L);
      assertThat(allocator.freePages()).isEqualTo((bytes >>> 12) - 1);
    }
  }

  @Test
  void machineWhoseFramesWereAllUsed_takes24BytesAFrame() {
    long frames = (512L << 20) >>> 12;
    AllocatorConfig config = AllocatorConfig.of(MemoryMap.of(frames << 12), 2, AllocatorRules.V7_0);
    try (PageAllocator allocator = new PageAllocator(config)) {
      allocator.handOver(1, frames);
      allocator.finishBoot();
      int taken = 0;
      while (allocator.allocate(0, Gfp.KERNEL, 0, PageAllocator.ANY_ZONE) != PageAllocator.NONE) {
        taken++;
      }

      assertThat(taken).isGreaterThan((int) frames * 9 / 10);
      assertThat(allocator.residentBytes()).isBetween(12L * taken, 24 * frames);
    }
  }

  @Test
  void pairs_onThePerCpuList_allocateNothing() {
    try (World world = new World("7.0", 1)) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      pairs(world.allocator, 20_000);
      long before = threads.getCurrentThreadAllocatedBytes();
      pairs(world.allocator, 100_000);
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000);
    }
  }

  private static void pairs(PageAllocator allocator, int count) {
    for (int i = 0; i < count; i++) {
      long pfn = allocator.allocate(0, Gfp.KERNEL, 0, PageAllocator.ANY_ZONE);
      allocator.free(0, pfn, 0);
    }
  }
}
