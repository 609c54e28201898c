package org.pagewright.kernel.mermap;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Addresses of one window, without page tables. */
class MermapWindowTest {
  private static final long PAGE = 4096;
  private static final long BASE = 0xffff_8800_0020_0000L;
  private static final long BYTES = 512 * PAGE;

  private final MermapWindow window = new MermapWindow(MermapConfig.V2, BASE, PAGE);

  @Test
  void window_whenNew_startsAtItsBaseAndKeepsOnePage() {
    assertThat(window.nextVa()).isEqualTo(BASE);
    assertThat(window.limit(false)).isEqualTo(BASE + 511 * PAGE);
    assertThat(window.limit(true)).isEqualTo(BASE + BYTES);
  }

  @Test
  void record_reservedUser_hasItsOwnInV2() {
    for (int i = 0; i < 3; i++) {
      window.take(window.freeRecord(false), PAGE);
    }
    assertThat(window.freeRecord(false)).isEqualTo(MermapWindow.NO_RECORD);
    assertThat(window.freeRecord(true)).isEqualTo(3);
  }

  @Test
  void record_reservedUser_competesInV1() {
    MermapWindow shared = new MermapWindow(MermapConfig.V1, BASE, PAGE);
    for (int i = 0; i < 4; i++) {
      assertThat(shared.freeRecord(true)).isEqualTo(i);
      shared.take(i, PAGE);
    }
    assertThat(shared.freeRecord(true)).isEqualTo(MermapWindow.NO_RECORD);
  }

  @Test
  void wrapStart_withReservedMappingInUse_ignoresItInV2() {
    window.take(window.freeRecord(false), 2 * PAGE);
    window.take(window.freeRecord(true), PAGE);
    assertThat(window.wrapStart()).isEqualTo(BASE + 2 * PAGE);
  }

  /** Bump allocation: a gap between two mappings is not used again before a wrap. */
  @Test
  void take_afterReleaseInTheMiddle_doesNotFillTheGap() {
    int low = window.freeRecord(false);
    window.take(low, PAGE);
    int middle = window.freeRecord(false);
    window.take(middle, PAGE);
    int high = window.freeRecord(false);
    window.take(high, PAGE);
    window.release(middle);
    assertThat(window.take(window.freeRecord(false), PAGE)).isEqualTo(BASE + 3 * PAGE);
  }

  /** No address is live twice, none is outside, and none is used twice between two flushes. */
  @Test
  void take_underRandomRequests_neverUsesAnAddressTwiceBetweenFlushes() {
    for (MermapConfig config : MermapConfig.all()) {
      for (int seed = 0; seed < 50; seed++) {
        checkRandomRequests(config, new SplittableRandom(seed));
      }
    }
  }

  private static void checkRandomRequests(MermapConfig config, SplittableRandom random) {
    MermapWindow subject = new MermapWindow(config, BASE, PAGE);
    boolean[] usedSinceFlush = new boolean[512];
    for (int step = 0; step < 2000; step++) {
      int record = random.nextInt(subject.records());
      if (random.nextInt(3) == 0 && subject.inUse(record)) {
        subject.release(record);
        continue;
      }
      boolean reserved = random.nextInt(8) == 0;
      long bytes = reserved ? PAGE : (1 + random.nextInt(random.nextInt(512) + 1)) * PAGE;
      request(subject, bytes, reserved, usedSinceFlush);
    }
  }

  private static void request(
      MermapWindow subject, long bytes, boolean reserved, boolean[] usedSinceFlush) {
    long limit = subject.limit(reserved);
    if (subject.nextVa() + bytes > limit) {
      long start = subject.wrapStart();
      if (start + bytes > limit) {
        return;
      }
      java.util.Arrays.fill(usedSinceFlush, (int) ((start - BASE) / PAGE), 512, false);
      subject.wrap(start);
    }
    int record = subject.freeRecord(reserved);
    if (subject.reserveRecordInUse() || record < 0) {
      return;
    }
    long va = subject.take(record, bytes);
    assertThat(va).isGreaterThanOrEqualTo(BASE);
    assertThat(va + bytes).isLessThanOrEqualTo(limit);
    for (int page = (int) ((va - BASE) / PAGE); page < (va + bytes - BASE) / PAGE; page++) {
      assertThat(usedSinceFlush[page]).as("page %d", page).isFalse();
      usedSinceFlush[page] = true;
    }
  }
}
