package org.pagewright.kernel.mermap;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.mm.FrameContent;
import org.pagewright.kernel.mm.IsolationWorld;
import org.pagewright.kernel.mm.Mm;

/** Clearing of unmapped pages inside the page allocator, as v1 and v2 do it. */
class MermapZeroingTest {
  private static final long PAGE = 4096;
  private static final int DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;
  private static final int UNMAPPED_ZERO = Gfp.KERNEL | Gfp.UNMAPPED | Gfp.ZERO;

  private final IsolationWorld world = IsolationWorld.of(MermapConfig.V2);
  private final Mm mm = world.runNewProcess(0);

  @AfterEach
  void close() {
    world.close();
  }

  private long allocate(int order) {
    return world.allocator().allocate(world.cpu(0), UNMAPPED_ZERO, order);
  }

  private void expectCleared(long pfn, int order) {
    for (long at = pfn; at < pfn + (1L << order); at++) {
      assertThat(world.tags().content(at)).isEqualTo(FrameContent.ZERO);
      assertThat(world.memory().read(at * PAGE + 8)).isZero();
      assertThat(world.directMap().isPresentNow(at)).isFalse();
    }
  }

  /** v1 and v2 refuse such requests, even without zeroing, where no mermap is ready. */
  @Test
  void allocate_withoutPreparedMermap_fails() {
    assertThat(allocate(0)).isEqualTo(PageAllocator.NONE);
    assertThat(world.allocator().allocate(world.cpu(0), Gfp.KERNEL | Gfp.UNMAPPED, 0))
        .isEqualTo(PageAllocator.NONE);
  }

  @Test
  void allocate_ofEveryOrder_givesClearedPagesOutsideTheDirectMap() {
    world.prepare(mm);
    for (int order = 0; order <= 8; order++) {
      long pfn = allocate(order);
      assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
      expectCleared(pfn, order);
    }
    assertThat(world.zeroing().reservedPages()).isZero();
    assertThat(world.cpu(0).migrationDepth()).isZero();
  }

  @Test
  @BreaksProperty(
      value = "freed-frame-translations",
      because = "nobody flushes the mermap before the page is given back")
  void allocate_ofAPageUsedBefore_clearsItsBytes() {
    world.prepare(mm);
    long pfn = allocate(0);
    world.memory().write(pfn * PAGE + 8, 0xdead);
    world.tags().setContent(pfn, FrameContent.secretOf(1));
    world.allocator().free(world.cpu(0), pfn, 0);
    assertThat(allocate(0)).isEqualTo(pfn);
    expectCleared(pfn, 0);
  }

  /** A pageblock has 512 pages, a window gives 511: whole blocks go page by page. */
  @Test
  void allocate_ofAWholePageblock_fallsBackToTheReservedPage() {
    world.prepare(mm);
    expectCleared(allocate(9), 9);
    assertThat(world.zeroing().reservedPages()).isEqualTo(512);
    assertThat(world.cpu(0).interruptsEnabled()).isTrue();
  }

  @Test
  void allocate_withEveryRecordTaken_fallsBackToTheReservedPage() {
    world.prepare(mm);
    for (int i = 0; i < 3; i++) {
      world.mermap().get(world.cpu(0), world.frame(), PAGE, DATA);
    }
    expectCleared(allocate(2), 2);
    assertThat(world.zeroing().reservedPages()).isEqualTo(4);
  }

  /**
   * Finding (gallery: mermap-page-freed-while-cached): the page is freed and belongs to somebody
   * else, and the process that once had it cleared can still reach it.
   */
  @Test
  @BreaksProperty(
      value = "freed-frame-translations",
      because = "nobody flushes the mermap before the page is given back")
  void free_afterClearing_leavesATranslationBehind() {
    world.prepare(mm);
    long pfn = allocate(0);
    assertThat(world.tlbsReachByMermap(pfn)).isTrue();
    world.allocator().free(world.cpu(0), pfn, 0);
    assertThat(world.tlbsReachByMermap(pfn)).isTrue();
    world.mermap().flushEverywhere(world.cpu(0), mm);
    assertThat(world.tlbsReachByMermap(pfn)).isFalse();
  }
}
