package org.pagewright.kernel.buddy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CaptureTest {
  private static final int BLOCK_ORDER = 9;
  private static final int PAGES = 1024;

  private final Memmap memmap = new Memmap(PAGES, BLOCK_ORDER, /* keepsTypeWhenIsolated= */ true);
  private final Buddy buddy = new Buddy(memmap);
  private final Zone zone = new Zone(0, 0, ZoneKind.NORMAL, 0, PAGES, memmap, /* cpus= */ 2);

  @AfterEach
  void close() {
    memmap.close();
  }

  private void free(int cpu, long pfn, int order) {
    buddy.free(zone, cpu, pfn, order, memmap.blockFreetype(pfn), /* toTail= */ false);
  }

  @Test
  void block_thatComesTogether_isTakenBeforeItReachesAList() {
    Capture capture = new Capture(/* cpu= */ 0, /* order= */ 3, Migratetype.MOVABLE);
    free(0, 0, 2);
    zone.setCapture(capture);

    free(0, 4, 2);

    assertThat(capture.pfn()).isZero();
    assertThat(zone.freePageCount()).isZero();
    assertThat(zone.freeBlocks()).containsOnly(0);
  }

  @Test
  void block_freedByAnotherCpu_isNotTaken() {
    Capture capture = new Capture(/* cpu= */ 0, /* order= */ 2, Migratetype.MOVABLE);
    zone.setCapture(capture);

    free(1, 4, 2);

    assertThat(capture.pfn()).isEqualTo(Memmap.NONE);
    assertThat(zone.freePageCount()).isEqualTo(4);
  }

  @Test
  void movableBlock_isTakenForAnotherTypeOnlyAsAWholePageblock() {
    Capture small = new Capture(/* cpu= */ 0, /* order= */ 2, Migratetype.UNMOVABLE);
    zone.setCapture(small);
    free(0, 4, 2);
    Capture whole = new Capture(/* cpu= */ 0, BLOCK_ORDER, Migratetype.UNMOVABLE);
    zone.setCapture(whole);
    free(0, 512, BLOCK_ORDER);

    assertThat(small.pfn()).isEqualTo(Memmap.NONE);
    assertThat(whole.pfn()).isEqualTo(512);
  }

  @Test
  void mappedBlock_isNotTakenForAnUnmappedRequest() {
    int wanted = Freetype.of(Migratetype.UNMOVABLE, /* isUnmapped= */ true);
    Capture capture = new Capture(/* cpu= */ 0, BLOCK_ORDER, wanted);
    zone.setCapture(capture);

    free(0, 512, BLOCK_ORDER);

    assertThat(capture.pfn()).isEqualTo(Memmap.NONE);
  }
}
