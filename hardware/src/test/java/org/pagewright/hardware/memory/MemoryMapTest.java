package org.pagewright.hardware.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MemoryMapTest {
  @Test
  void parse_ofPrintedMap_isTheSameMap() {
    MemoryMap map = MemoryMap.parse("0-640K,1M-3G,4G-33G");

    assertThat(map.toString()).isEqualTo("0-640K,1M-3G,4G-33G");
    assertThat(MemoryMap.parse(map.toString())).isEqualTo(map);
    assertThat(map.ramBytes()).isEqualTo((640L << 10) + (3L << 30) - (1L << 20) + (29L << 30));
    assertThat(map.endBytes()).isEqualTo(33L << 30);
  }

  @Test
  void parse_ofHexadecimal_isUnderstood() {
    assertThat(MemoryMap.parse("0x1000-0x3000")).isEqualTo(MemoryMap.of(0x1000, 0x3000));
  }

  @Test
  void contains_atBoundsOfRanges_isHalfOpen() {
    MemoryMap map = MemoryMap.parse("4K-8K,16K-20K");

    assertThat(map.contains(4095)).isFalse();
    assertThat(map.contains(4096)).isTrue();
    assertThat(map.contains(8191)).isTrue();
    assertThat(map.contains(8192)).isFalse();
    assertThat(map.contains(16384)).isTrue();
    assertThat(map.contains(20480)).isFalse();
  }

  @Test
  void pc_withMuchMemory_hasLegacyAndDeviceHoles() {
    assertThat(MemoryMap.pc(32L << 30).toString()).isEqualTo("0-640K,1M-3G,4G-33G");
    assertThat(MemoryMap.pc(2L << 30).toString()).isEqualTo("0-640K,1M-2G");
  }

  @Test
  void map_ofNonsense_isRefusedWithTheReason() {
    assertThatThrownBy(() -> MemoryMap.parse("0-640K,512K-1M"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("overlap");
    assertThatThrownBy(() -> MemoryMap.parse("1M")).hasMessageContaining("expected from-to");
    assertThatThrownBy(() -> MemoryMap.parse("0-1X")).hasMessageContaining("'1X' is no number");
    assertThatThrownBy(() -> MemoryMap.parse("0-100")).hasMessageContaining("not aligned");
    assertThatThrownBy(() -> MemoryMap.parse("8K-4K")).hasMessageContaining("empty");
    assertThatThrownBy(() -> MemoryMap.parse("0-9000000T")).hasMessageContaining("no number");
  }
}
