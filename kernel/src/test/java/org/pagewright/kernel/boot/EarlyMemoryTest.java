package org.pagewright.kernel.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.pagewright.hardware.memory.MemoryMap;

final class EarlyMemoryTest {
  private final EarlyMemory memory = new EarlyMemory(MemoryMap.parse("0-640K,1M-16M,32M-64M"));

  @Test
  void allocate_fromFreshMemory_takesTheTop() {
    assertThat(memory.allocate(4096, 4096, 0, 64 << 20)).isEqualTo((64L << 20) - 4096);
    assertThat(memory.allocate(4096, 4096, 0, 64 << 20)).isEqualTo((64L << 20) - 8192);
    assertThat(memory.allocate(1 << 21, 1 << 21, 0, 64 << 20)).isEqualTo(60L << 20);
    assertThat(memory.reservedBytes()).isEqualTo((1 << 21) + 8192);
  }

  @Test
  void allocate_belowALimit_staysBelow() {
    assertThat(memory.allocate(4096, 4096, 0, 1 << 20)).isEqualTo((640L << 10) - 4096);
  }

  @Test
  void allocate_largerThanAnyRange_findsNothing() {
    assertThat(memory.allocate(33L << 20, 4096, 0, 64 << 20)).isEqualTo(EarlyMemory.NONE);
    assertThat(memory.reservedBytes()).isZero();
  }

  @Test
  void allocate_intoGapsBetweenReservations_isFirstFitFromTheTop() {
    memory.reserve(33 << 20, 64 << 20);
    memory.reserve(32 << 20, (32 << 20) + 4096);
    assertThat(memory.allocate(1 << 20, 4096, 0, 64 << 20)).isEqualTo(15L << 20);
    assertThat(memory.allocate(4096, 4096, 0, 64 << 20)).isEqualTo((33L << 20) - 4096);
  }

  @Test
  void reservations_thatTouchOrOverlap_become1() {
    memory.reserve(2 << 20, 3 << 20);
    memory.reserve(4 << 20, 5 << 20);
    memory.reserve(3 << 20, 4 << 20);
    memory.reserve(0, 1 << 20);
    assertThat(memory.reservedBytes()).isEqualTo(4L << 20);
    assertThat(memory.isReserved((3L << 20) + 5)).isTrue();
    assertThat(memory.isReserved(5L << 20)).isFalse();
    assertThat(memory.freeRanges())
        .containsExactly(
            new MemoryMap.Range(1 << 20, 2 << 20),
            new MemoryMap.Range(5 << 20, 16 << 20),
            new MemoryMap.Range(32 << 20, 64 << 20));
  }

  @Test
  void manyReservations_oneByOne_keepTheirSum() {
    for (long pa = 32L << 20; pa < 64L << 20; pa += 8192) {
      memory.reserve(pa, pa + 4096);
    }
    assertThat(memory.reservedBytes()).isEqualTo(16L << 20);
    assertThat(memory.allocate(8192, 4096, 32 << 20, 64 << 20)).isEqualTo(EarlyMemory.NONE);
    assertThat(memory.allocate(4096, 4096, 32 << 20, 64 << 20)).isEqualTo((64L << 20) - 4096);
  }

  @Test
  void reserve_ofNothing_isACallersMistake() {
    assertThatThrownBy(() -> memory.reserve(4096, 4096))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
