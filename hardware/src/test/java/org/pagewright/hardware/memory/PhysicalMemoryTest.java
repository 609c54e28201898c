package org.pagewright.hardware.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PhysicalMemoryTest {
  private static final long TERABYTE = 1L << 40;

  private final PhysicalMemory memory = new PhysicalMemory(MemoryMap.parse("0-640K,1M-3M,4M-16M"));

  @AfterEach
  void close() {
    memory.close();
  }

  @Test
  void read_ofUntouchedMemory_isZero() {
    assertThat(memory.read(0)).isZero();
    assertThat(memory.read((16L << 20) - 8)).isZero();
    assertThat(memory.hasMachineCheck()).isFalse();
  }

  @Test
  void access_ofEverySize_isLittleEndianAndUnaligned() {
    memory.write(0x1003, 0x1122334455667788L);

    assertThat(memory.read(0x1003)).isEqualTo(0x1122334455667788L);
    assertThat(memory.readByte(0x1003)).isEqualTo((byte) 0x88);
    assertThat(memory.readInt(0x1007)).isEqualTo(0x11223344);
    memory.writeInt(0x1003, 0xaabbccdd);
    memory.writeByte(0x100a, (byte) 0x99);
    assertThat(memory.read(0x1003)).isEqualTo(0x99223344aabbccddL);
  }

  @Test
  void compareAndSet_ofExpectedAndOtherValue_writesOnlyTheFirst() {
    memory.write(64, 5);

    assertThat(memory.compareAndSet(64, 4, 6)).isFalse();
    assertThat(memory.read(64)).isEqualTo(5);
    assertThat(memory.compareAndSet(64, 5, 6)).isTrue();
    assertThat(memory.read(64)).isEqualTo(6);
    assertThatThrownBy(() -> memory.compareAndSet(65, 0, 0))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void ranges_copiedAndZeroed_holdTheirBytes() {
    byte[] bytes = new byte[10_000];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 7 + 1);
    }
    memory.writeBytes(0x2001, bytes);
    memory.copy(0x500123, 0x2001, bytes.length);
    byte[] copied = new byte[bytes.length];
    memory.readBytes(0x500123, copied);
    assertThat(copied).isEqualTo(bytes);

    memory.copy(0x500124, 0x500123, bytes.length);
    memory.readBytes(0x500124, copied);
    assertThat(copied).isEqualTo(bytes);

    memory.zero(0x500123 + 1, 5000);
    assertThat(memory.readByte(0x500123)).isEqualTo(bytes[0]);
    assertThat(memory.readByte(0x500124)).isZero();
    assertThat(memory.readByte(0x500124 + 4999)).isZero();
    assertThat(memory.readByte(0x500124 + 5000)).isEqualTo(bytes[5000]);
  }

  @Test
  void isZero_ofSmallAndLargeRanges_seesEachByteOfThemAlone() {
    assertThat(memory.isZero(4L << 20, 12L << 20)).isTrue();
    memory.writeByte((16L << 20) - 1, (byte) 1);
    memory.writeByte((4L << 20) + 4999, (byte) 1);

    assertThat(memory.isZero((4L << 20) + 5000, (12L << 20) - 5001)).isTrue();
    assertThat(memory.isZero((4L << 20) + 5000, (12L << 20) - 5000)).isFalse();
    assertThat(memory.isZero((4L << 20) + 1, 4998)).isTrue();
    assertThat(memory.isZero((4L << 20) + 1, 4999)).isFalse();
    assertThat(memory.isZero(4L << 20, 0)).isTrue();
  }

  @Test
  void isZero_outsideRam_isFalseAndLatched() {
    assertThat(memory.isZero((16L << 20) - 8, 16)).isFalse();
    assertThat(memory.takeMachineCheck()).isEqualTo((16L << 20) - 8);
  }

  @Test
  void zero_ofLargeRange_givesMemoryBackAndKeepsTheRest() {
    for (long pa = 4L << 20; pa < 16L << 20; pa += 4096) {
      memory.write(pa, -1);
    }
    long before = memory.residentBytes();

    memory.zero((4L << 20) + 8, (10L << 20) - 8);

    assertThat(memory.residentBytes()).isLessThan(before - (8L << 20));
    assertThat(memory.read(4L << 20)).isEqualTo(-1);
    assertThat(memory.read((4L << 20) + 8)).isZero();
    assertThat(memory.read((14L << 20) - 4096)).isZero();
    assertThat(memory.read(14L << 20)).isEqualTo(-1);
  }

  @Nested
  class OutsideRam {
    @Test
    void everyAccess_answersOnesAndLatchesTheFirstAddress() {
      long hole = 700L << 10;
      memory.write(hole, 0);
      memory.writeInt(hole + 8, 0);
      memory.writeByte(hole + 12, (byte) 0);
      memory.writeBytes(hole, new byte[8]);

      assertThat(memory.read(hole)).isEqualTo(-1);
      assertThat(memory.readInt(16L << 20)).isEqualTo(-1);
      assertThat(memory.readByte(Long.MIN_VALUE)).isEqualTo((byte) -1);
      assertThat(memory.read(Long.MAX_VALUE)).isEqualTo(-1);
      assertThat(memory.compareAndSet(hole, -1, 0)).isFalse();
      assertThat(memory.machineChecks()).isEqualTo(9);
      assertThat(memory.takeMachineCheck()).isEqualTo(hole);
      assertThat(memory.hasMachineCheck()).isFalse();
      assertThat(memory.takeMachineCheck()).isEqualTo(PhysicalMemory.NO_MACHINE_CHECK);
    }

    @Test
    void access_acrossTheEdgeOfRam_isOutside() {
      assertThat(memory.read((640L << 10) - 4)).isEqualTo(-1);
      assertThat(memory.read((16L << 20) - 7)).isEqualTo(-1);
      assertThat(memory.read((4L << 20) - 4)).isEqualTo(-1);
      memory.zero(0, 16L << 20);
      memory.copy(0, (3L << 20) - 16, 32);
      byte[] bytes = new byte[16];
      memory.readBytes((3L << 20) - 8, bytes);

      assertThat(bytes).containsOnly(-1);
      assertThat(memory.machineChecks()).isEqualTo(6);
    }

    @Test
    void access_afterClose_isOutside() {
      memory.write(8, 1);
      memory.close();

      assertThat(memory.read(8)).isEqualTo(-1);
      memory.write(8, 2);
      memory.writeByte(8, (byte) 2);
      memory.zero(0, 4096);
      assertThat(memory.machineChecks()).isEqualTo(4);
    }
  }

  @Test
  void boot_ofEightTerabytes_takesNeitherTimeNorMemory() {
    try (PhysicalMemory large = new PhysicalMemory(MemoryMap.pc(8 * TERABYTE))) {
      assertThat(large.residentBytes()).isZero();
      large.write(8 * TERABYTE, 1);
      large.write(4096, 1);
      assertThat(large.read(8 * TERABYTE)).isEqualTo(1);
      assertThat(large.residentBytes()).isBetween(1L, 8L << 20);
    }
  }

  @Test
  void zero_ofUntouchedMemory_takesNoMemory() {
    long before = memory.residentBytes();

    for (long pa = 1L << 20; pa < 3L << 20; pa += 4096) {
      memory.zero(pa, 4096);
    }

    assertThat(memory.residentBytes()).isEqualTo(before);
  }
}
