package org.pagewright.kernel.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
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
import org.pagewright.kernel.compact.PageMover;

/** Requests that are served because somebody's pages were moved. */
class DirectCompactionTest {
  private static final long FIRST_PFN = 16 << 8;
  private static final long END_PFN = 80 << 8;
  private static final int BLOCK_ORDER = 9;

  /** A machine whose movable pages have an owner that knows where each of them is. */
  private static final class World implements AutoCloseable, PageMover, BlockConversion {
    final Machine machine;
    final Cpu cpu;
    final PageAllocator allocator;
    final Map<Long, Integer> owned = new HashMap<>();
    final Map<Long, Integer> detached = new HashMap<>();
    final BitSet pinned = new BitSet();
    final BitSet absent = new BitSet();
    final List<Long> moves = new ArrayList<>();
    int made;

    World(AllocatorRules rules) {
      MemoryMap map = MemoryMap.parse("16M-80M");
      machine =
          new Machine(
              MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(map).withCpus(2));
      cpu = machine.cpu(0);
      allocator = new PageAllocator(AllocatorConfig.of(map, 2, rules));
      allocator.handOver(FIRST_PFN, END_PFN);
      allocator.finishBoot();
      allocator.setMover(this);
      allocator.setConversion(this);
    }

    @Override
    public boolean detach(@Nullable Cpu on, long pfn, int order) {
      if (pinned.get((int) pfn)) {
        return false;
      }
      Integer id = owned.remove(pfn);
      assertThat(id).as("owner of frame %d", pfn).isNotNull();
      detached.put(pfn, id);
      return true;
    }

    @Override
    public void attach(@Nullable Cpu on, long fromPfn, long toPfn, int order) {
      Integer id = detached.remove(fromPfn);
      assertThat(id).as("what was detached from frame %d", fromPfn).isNotNull();
      assertThat(owned.put(toPfn, id)).as("former owner of frame %d", toPfn).isNull();
      moves.add(fromPfn << 32 | toPfn);
    }

    @Override
    public boolean isPossible() {
      return true;
    }

    @Override
    public int convert(Cpu on, long pfn, int order, boolean unmaps) {
      absent.set((int) pfn, (int) pfn + (1 << order), unmaps);
      return 0;
    }

    boolean takeMovable(int order) {
      long pfn = allocator.allocate(cpu, Gfp.HIGHUSER_MOVABLE & ~Gfp.DIRECT_RECLAIM, order);
      if (pfn == PageAllocator.NONE) {
        return false;
      }
      int id = made++;
      owned.put(pfn, id);
      machine.memory().write(pfn << 12, id);
      return true;
    }

    void fill() {
      boolean isMore = true;
      while (isMore) {
        isMore = takeMovable(0);
      }
    }

    /** Gives back pages here and there, by chance. */
    void thinOut(Choices choices, int oneIn) {
      for (Long pfn : owned.keySet().stream().sorted().toList()) {
        if (choices.pick(oneIn, "free it") == 0) {
          owned.remove(pfn);
          allocator.free(cpu, pfn, 0);
        }
      }
      allocator.drainAll();
    }

    void check() {
      assertThat(detached).isEmpty();
      owned.forEach((pfn, id) ->
          assertThat(machine.memory().read(pfn << 12)).as("frame %d", pfn).isEqualTo((long) id));
      assertThat(AllocatorVerifier.firstBroken(allocator, pfn -> !absent.get((int) pfn))).isNull();
    }

    @Override
    public void close() {
      allocator.close();
      machine.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"6.1", "6.12", "6.18", "7.0"})
  void hugePage_inThinnedOutMemory_isMadeByMovingPages(String version) {
    try (World world = new World(AllocatorRules.named(version))) {
      world.fill();
      world.thinOut(new SeededChoices(7), 3);
      final int kept = world.owned.size();

      long pfn = world.allocator.allocate(world.cpu, Gfp.HIGHUSER_MOVABLE, BLOCK_ORDER);

      assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
      assertThat(pfn % 512).isZero();
      for (long at = pfn; at < pfn + 512; at++) {
        assertThat(world.owned).doesNotContainKey(at);
      }
      assertThat(world.owned).hasSize(kept);
      assertThat(world.allocator.compaction().movedPages()).isEqualTo(world.moves.size());
      assertThat(world.moves).isNotEmpty();
      world.check();
    }
  }

  @Test
  void unmappedRequest_inThinnedOutMemory_getsAPageblockThatWasCompacted() {
    try (World world = new World(AllocatorRules.V7_0)) {
      world.fill();
      world.thinOut(new SeededChoices(3), 3);
      world.allocator.setMover(PageMover.NOBODY);
      assertThat(world.allocator.allocate(world.cpu, Gfp.KERNEL, 0, AllocFlags.UNMAPPED))
          .isEqualTo(PageAllocator.NONE);
      world.allocator.setMover(world);

      long pfn = world.allocator.allocate(world.cpu, Gfp.KERNEL, 0, AllocFlags.UNMAPPED);

      assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
      assertThat(world.absent.cardinality()).isEqualTo(512);
      assertThat(world.allocator.freeUnmappedPages()).isEqualTo(511);
      world.check();
    }
  }

  @Test
  void pinnedPages_stayWhereTheyAreAndTheRequestFails() {
    try (World world = new World(AllocatorRules.V7_0)) {
      world.fill();
      world.thinOut(new SeededChoices(3), 3);
      world.pinned.set(0, (int) END_PFN);

      assertThat(world.allocator.allocate(world.cpu, Gfp.HIGHUSER_MOVABLE, BLOCK_ORDER))
          .isEqualTo(PageAllocator.NONE);
      assertThat(world.moves).isEmpty();
      world.check();
    }
  }

  @Test
  void requestThatMayNotWait_compactsNothing() {
    try (World world = new World(AllocatorRules.V7_0)) {
      world.fill();
      world.thinOut(new SeededChoices(3), 3);

      assertThat(world.allocator.allocate(world.cpu, Gfp.NOWAIT, BLOCK_ORDER))
          .isEqualTo(PageAllocator.NONE);
      assertThat(world.moves).isEmpty();
    }
  }

  @Test
  void defragMode_triesCompactionBeforeItMixesTypes() {
    try (World world = new World(AllocatorRules.V7_0)) {
      world.fill();
      world.thinOut(new SeededChoices(3), 3);
      long mixed = world.allocator.allocate(world.cpu, Gfp.KERNEL, 0);
      assertThat(mixed).isNotEqualTo(PageAllocator.NONE);
      assertThat(world.allocator.compaction().stalls()).isZero();

      world.allocator.setDefragMode(true);
      long pfn = world.allocator.allocate(world.cpu, Gfp.KERNEL | Gfp.RECLAIMABLE, 1);

      assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
      assertThat(world.allocator.compaction().stalls()).isPositive();
      world.check();
    }
  }

  @Test
  void range_inUse_isTakenByMovingItsPagesAndGivenBackWhole() {
    try (World world = new World(AllocatorRules.V7_0)) {
      world.fill();
      world.thinOut(new SeededChoices(5), 2);
      final int kept = world.owned.size();
      final long free = world.allocator.freePages();
      long from = 30 * 512 + 100;
      long to = 32 * 512 + 7;

      assertThat(world.allocator.takeRange(world.cpu, from, to)).isTrue();

      assertThat(world.owned).hasSize(kept);
      assertThat(world.owned.keySet()).noneMatch(pfn -> pfn >= from && pfn < to);
      assertThat(world.allocator.freePages()).isEqualTo(free - (to - from));
      world.check();
      world.allocator.giveRangeBack(world.cpu, from, to);
      world.allocator.drainAll();
      assertThat(world.allocator.freePages()).isEqualTo(free);
      world.check();
    }
  }

  @Test
  void range_withAPinnedPage_isRefusedAndStaysUsable() {
    try (World world = new World(AllocatorRules.V6_12)) {
      world.fill();
      world.thinOut(new SeededChoices(5), 2);
      long pinned = world.owned.keySet().stream().filter(pfn -> pfn / 512 == 30).findAny().get();
      world.pinned.set((int) pinned);
      final long free = world.allocator.freePages();

      assertThat(world.allocator.takeRange(world.cpu, 30 * 512, 31 * 512)).isFalse();

      assertThat(world.owned).containsKey(pinned);
      world.allocator.drainAll();
      assertThat(world.allocator.freePages()).isEqualTo(free);
      assertThat(world.allocator.zones().getFirst().isolatedBlocks()).isZero();
      world.check();
    }
  }

  private static List<Long> movesOfRandomRun(String version, long seed) {
    try (World world = new World(AllocatorRules.named(version))) {
      Choices choices = new SeededChoices(seed);
      List<long[]> large = new ArrayList<>();
      for (int round = 0; round < 12; round++) {
        world.fill();
        world.thinOut(choices, 2 + choices.pick(4, "how thin"));
        world.owned.keySet().stream()
            .sorted()
            .filter(pfn -> choices.pick(200, "pin it") == 0)
            .forEach(pfn -> world.pinned.set(pfn.intValue()));
        for (int i = 0; i < 6; i++) {
          int order = 1 + choices.pick(BLOCK_ORDER, "order");
          int gfp = choices.flip("movable") ? Gfp.HIGHUSER_MOVABLE : Gfp.KERNEL;
          long pfn = world.allocator.allocate(world.cpu, gfp & ~Gfp.MOVABLE, order);
          if (pfn != PageAllocator.NONE) {
            large.add(new long[] {pfn, order});
          }
        }
        world.check();
        large.forEach(block -> {
          for (long at = block[0]; at < block[0] + (1L << block[1]); at++) {
            assertThat(world.owned).doesNotContainKey(at);
          }
        });
        large.forEach(block -> world.allocator.free(world.cpu, block[0], (int) block[1]));
        large.clear();
        world.pinned.clear();
      }
      world.owned.keySet().forEach(pfn -> world.allocator.free(world.cpu, pfn, 0));
      world.allocator.drainAll();
      assertThat(world.allocator.freePages()).isEqualTo(END_PFN - FIRST_PFN);
      return world.moves;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"6.1", "6.12", "6.18", "7.0"})
  void randomRuns_loseNoFrameAndRepeatExactly(String version) {
    List<Long> moves = movesOfRandomRun(version, 11);

    assertThat(moves).isNotEmpty().isEqualTo(movesOfRandomRun(version, 11));
  }
}
