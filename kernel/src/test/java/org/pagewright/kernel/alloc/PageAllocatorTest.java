package org.pagewright.kernel.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.buddy.LockContention;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

class PageAllocatorTest {
  private static final int CPU = 0;

  private static PageAllocator booted(String version, String map) {
    MemoryMap memory = MemoryMap.parse(map);
    PageAllocator allocator =
        new PageAllocator(AllocatorConfig.of(memory, /* cpus= */ 2, AllocatorRules.named(version)));
    for (MemoryMap.Range range : memory.ranges()) {
      allocator.handOver(Math.max(1, range.from() >>> 12), range.to() >>> 12);
    }
    allocator.finishBoot();
    return allocator;
  }

  private static long take(PageAllocator allocator, int gfp, int order) {
    return allocator.allocate(CPU, gfp, order, PageAllocator.ANY_ZONE);
  }

  @Nested
  class Boot {
    @Test
    void handOver_ofARange_givesTheLargestAlignedBlocks() {
      PageAllocator allocator = booted("6.1", "16M-32M");

      assertThat(AllocatorText.buddyinfo(allocator))
          .isEqualTo(
              "Node 0, zone    DMA32      0      0      0      0      0      0      0      0"
                  + "      0      0      4 \n");
      assertThat(allocator.freePages()).isEqualTo(4096);
    }

    @Test
    void handOver_ofUnalignedEdges_keepsEveryPage() {
      PageAllocator allocator = booted("7.0", "4K-640K,1M-64M");

      assertThat(allocator.freePages()).isEqualTo(159 + 63 * 256);
      assertThat(AllocatorVerifier.firstBroken(allocator)).isNull();
    }
  }

  @Nested
  class Views {
    @Test
    void zoneinfo_ofALargeMachine_hasTheKernelsMarksAndThresholds() {
      PageAllocator allocator = booted("6.18", "16M-144M");
      allocator.letCountersLag();
      take(allocator, Gfp.KERNEL, 0);

      assertThat(AllocatorText.zoneinfo(allocator))
          .contains("Node 0, zone    DMA32\n  pages free     32761\n        boost    0\n")
          .contains("        spanned  32768\n        present  32768\n        managed  32768\n")
          .contains("        protection: (0, 0, 0, 0)\n      nr_free_pages 32761\n")
          .contains("  pagesets\n    cpu: 0\n              count:    6\n")
          .contains("              high_max: 2048\n  vm stats threshold: 8\n")
          .endsWith("  node_unreclaimable:  0\n  start_pfn:           4096\n");
    }

    /** Managed pages and thresholds of a recorded machine with two CPUs. */
    @ParameterizedTest
    @CsvSource({"3840, 4", "772918, 24", "3473408, 32"})
    void counterThreshold_isTheRecordedOne(long managed, int threshold) {
      Memmap memmap = new Memmap(1, 9, true);
      Zone zone = new Zone(0, 0, ZoneKind.NORMAL, 0, 1, memmap, 2);
      zone.setPages(managed, managed);

      assertThat(Watermarks.counterThreshold(zone, 2, 12)).isEqualTo(threshold);
      memmap.close();
    }
  }

  @Nested
  class Upkeep {
    @Test
    void listsThatGrew_shrinkWithEachRefresh() {
      PageAllocator allocator = booted("7.0", "16M-1G");
      AllocatorRepairs state = new AllocatorRepairs(allocator);
      long[] pfns = new long[20_000];
      for (int i = 0; i < pfns.length; i++) {
        pfns[i] = take(allocator, Gfp.KERNEL, 0);
      }
      for (long pfn : pfns) {
        allocator.free(CPU, pfn, 0);
      }
      int grown = state.pcpHigh(CPU, 0);
      int count = state.pcpCount(CPU, 0);

      for (int i = 0; i < 100; i++) {
        allocator.refresh(CPU);
      }

      assertThat(state.pcpHigh(CPU, 0)).isLessThan(grown);
      assertThat(state.pcpCount(CPU, 0)).isLessThan(count);
      assertThat(AllocatorVerifier.firstBroken(allocator)).isNull();
    }

    @Test
    void requests_whenTheListsLockIsHeld_goPastTheLists() {
      PageAllocator allocator = booted("7.0", "16M-64M");
      allocator.setContention(
          new LockContention() {
            @Override
            public boolean isPcpHeld(int cpu) {
              return true;
            }

            @Override
            public boolean isZoneHeld(int cpu) {
              return true;
            }
          });

      assertThat(take(allocator, Gfp.KERNEL, 0)).isNotEqualTo(PageAllocator.NONE);
      assertThat(allocator.pcpPages()).isZero();
    }
  }

  @Nested
  class Requests {
    @ParameterizedTest
    @ValueSource(strings = {"6.1", "6.12", "6.18", "7.0"})
    void firstUnmovable_claimsTheLowestLargestMovableBlock(String version) {
      PageAllocator allocator = booted(version, "16M-272M");

      assertThat(take(allocator, Gfp.KERNEL, 0)).isEqualTo(4096);
      assertThat(take(allocator, Gfp.KERNEL, 0)).isEqualTo(4097);
      assertThat(allocator.blockFreetype(4096)).isEqualTo(Migratetype.UNMOVABLE);
      assertThat(allocator.blockFreetype(4096 + 1024)).isEqualTo(Migratetype.MOVABLE);
    }

    @Test
    void freedPage_isTheNextOneHandedOut() {
      PageAllocator allocator = booted("6.1", "16M-272M");
      long first = take(allocator, Gfp.KERNEL, 0);
      long second = take(allocator, Gfp.KERNEL, 0);

      allocator.free(CPU, first, 0);

      assertThat(take(allocator, Gfp.KERNEL, 0)).isEqualTo(first).isNotEqualTo(second);
    }

    @Test
    void request_ofMoreThanThereIs_isRefusedAndCounted() {
      PageAllocator allocator = booted("7.0", "16M-18M");

      assertThat(take(allocator, Gfp.KERNEL, 10)).isEqualTo(PageAllocator.NONE);
      assertThat(allocator.failures()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"6.1", "6.12", "6.18", "7.0"})
  void randomOperations_leaveEveryInvariantAndGiveAllBack(String version) {
    PageAllocator allocator = booted(version, "4K-640K,1M-128M");
    final long total = allocator.freePages();
    Choices choices = new SeededChoices(version.hashCode());
    List<long[]> held = new ArrayList<>();
    int[] types = {Gfp.KERNEL, Gfp.HIGHUSER_MOVABLE, Gfp.KERNEL | Gfp.RECLAIMABLE, Gfp.ATOMIC};
    for (int i = 0; i < 60_000; i++) {
      int cpu = choices.pick(2, "cpu");
      if (held.isEmpty() || choices.pick(100, "allocate") < 52) {
        int order = Math.min(10, Integer.numberOfTrailingZeros(1 + choices.pick(4096, "order")));
        int gfp = types[choices.pick(types.length, "type")];
        long pfn = allocator.allocate(cpu, gfp, order, PageAllocator.ANY_ZONE);
        if (pfn != PageAllocator.NONE) {
          held.add(new long[] {pfn, order});
        }
      } else {
        long[] block = held.remove(choices.pick(held.size(), "which"));
        allocator.free(cpu, block[0], (int) block[1]);
      }
      if (i % 5000 == 0) {
        assertThat(AllocatorVerifier.firstBroken(allocator)).isNull();
      }
    }

    held.forEach(block -> allocator.free(CPU, block[0], (int) block[1]));
    allocator.drainAll();

    assertThat(AllocatorVerifier.firstBroken(allocator)).isNull();
    assertThat(allocator.freePages()).isEqualTo(total);
  }
}
