package org.pagewright.kernel.alloc;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;
import org.pagewright.kernel.buddy.ZoneKind;

class WatermarksTest {
  private static final int BLOCK_ORDER = 9;
  private static final long FRAMES = 1 << 15;

  /** A reserve of a pageblock, ten pages of it free, and 600 pages to be kept. */
  @ParameterizedTest
  @CsvSource({"6.1, false", "6.12, true", "6.18, true", "7.0, true"})
  void allow_withReserveInUse_deductsWhatTheVersionDeducts(String version, boolean isAllowed) {
    try (Memmap memmap = new Memmap(FRAMES, BLOCK_ORDER, /* keepsTypeWhenIsolated= */ true)) {
      Zone zone = new Zone(0, /* node= */ 0, ZoneKind.NORMAL, 0, FRAMES, memmap, /* cpus= */ 1);
      zone.freePages().set(1000, 1000);
      zone.setReservedHighatomic(512);
      zone.addFreeHighatomic(10);
      zone.marks()[AllocFlags.WMARK_MIN] = 600;

      assertThat(
              Watermarks.allow(
                  zone,
                  0,
                  AllocFlags.WMARK_MIN,
                  /* classIndex= */ 2,
                  AllocatorRules.named(version)))
          .isEqualTo(isAllowed);
    }
  }

  /** Blocks of order 2 come from a per-CPU list, and count for the reserve all the same. */
  @Test
  void atomicRequest_servedFromPcpWhenMemoryIsShort_reservesItsPageblock() {
    MemoryMap map = MemoryMap.parse("16M-528M");
    try (PageAllocator allocator =
        new PageAllocator(AllocatorConfig.of(map, 1, AllocatorRules.V6_18))) {
      allocator.handOver((16L << 20) >>> 12, (528L << 20) >>> 12);
      allocator.finishBoot();
      Zone zone = allocator.zones().getFirst();
      zone.marks()[AllocFlags.WMARK_LOW] = zone.freePageCount();
      zone.marks()[AllocFlags.WMARK_HIGH] = zone.freePageCount();

      long pfn = allocator.allocate(0, Gfp.ATOMIC, 2, PageAllocator.ANY_ZONE);

      assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
      assertThat(allocator.blockFreetype(pfn)).isEqualTo(Migratetype.HIGHATOMIC);
      assertThat(zone.reservedHighatomic()).isEqualTo(1 << BLOCK_ORDER);
      assertThat(AllocatorVerifier.firstBroken(allocator)).isNull();
    }
  }

  /** sqrt(16 KiB x 16 GiB) are 16 MiB, and 0.1 % of the memory as much again. */
  @ParameterizedTest
  @ValueSource(ints = {12, 14, 16})
  void marks_anyPageSize_areTheSameBytes(int pageShift) {
    MemoryMap map = MemoryMap.parse("4G-20G");
    AllocatorConfig config = AllocatorConfig.of(map, 1, AllocatorRules.V7_0, pageShift);
    try (PageAllocator allocator = new PageAllocator(config)) {
      allocator.handOver((4L << 30) >>> pageShift, (20L << 30) >>> pageShift);
      allocator.finishBoot();
      Zone zone = allocator.zones().getFirst();

      assertThat(zone.marks()[AllocFlags.WMARK_MIN] << pageShift).isEqualTo(16 << 20);
      assertThat(zone.marks()[AllocFlags.WMARK_LOW] << pageShift)
          .isCloseTo((16 << 20) + (16L << 30) / 1000, Offset.offset(1L << pageShift));
    }
  }
}
