package org.pagewright.hardware.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SparseArraysTest {
  private static final long FRAMES_OF_8_TIB = 1L << 31;

  @Test
  void elements_farApart_keepTheirValuesAndTakeLittleMemory() {
    try (SparseInts ints = new SparseInts(FRAMES_OF_8_TIB);
        SparseLongs longs = new SparseLongs(FRAMES_OF_8_TIB);
        SparseBytes bytes = new SparseBytes(FRAMES_OF_8_TIB)) {
      for (long index = 7; index < FRAMES_OF_8_TIB; index += FRAMES_OF_8_TIB / 16) {
        ints.set(index, (int) index);
        longs.set(index, -index);
        bytes.set(index, (byte) (index >>> 24));
      }
      for (long index = 7; index < FRAMES_OF_8_TIB; index += FRAMES_OF_8_TIB / 16) {
        assertThat(ints.get(index)).isEqualTo((int) index);
        assertThat(longs.get(index)).isEqualTo(-index);
        assertThat(bytes.get(index)).isEqualTo((byte) (index >>> 24));
        assertThat(longs.get(index + 1)).isZero();
      }
      assertThat(ints.residentBytes() + longs.residentBytes() + bytes.residentBytes())
          .isLessThan(1L << 20);
    }
  }

  @Test
  void index_outOfBounds_throwsAlsoAfterClose() {
    SparseInts ints = new SparseInts(10);
    assertThatThrownBy(() -> ints.get(10)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> ints.set(-1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
    ints.close();
    assertThatThrownBy(() -> ints.get(0)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new SparseLongs(-1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void fillAndClear_ofRanges_setExactlyThem() {
    try (SparseLongs longs = new SparseLongs(100)) {
      longs.fill(10, 20, 7);
      assertThat(longs.get(9)).isZero();
      assertThat(longs.get(10)).isEqualTo(7);
      assertThat(longs.get(19)).isEqualTo(7);
      assertThat(longs.get(20)).isZero();
      longs.clear();
      assertThat(longs.get(10)).isZero();
    }
  }

  @Test
  void tags_ofFrames_areIndependent() {
    try (FrameTags tags = new FrameTags(1000)) {
      tags.tag(/* pfn= */ 5, /* frames= */ 3, /* owner= */ 42, /* content= */ 9);
      tags.setContent(6, 1);

      assertThat(tags.owner(5)).isEqualTo(42);
      assertThat(tags.content(5)).isEqualTo(9);
      assertThat(tags.owner(6)).isEqualTo(42);
      assertThat(tags.content(6)).isEqualTo(1);
      assertThat(tags.owner(8)).isZero();
    }
  }
}
