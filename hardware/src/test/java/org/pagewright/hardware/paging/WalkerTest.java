package org.pagewright.hardware.paging;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;

/** Golden walks: entries written by hand from the manuals' figures. */
class WalkerTest {
  private static final int KERNEL_RW = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  private final PhysicalMemory memory = new PhysicalMemory(MemoryMap.of(64L << 20));

  @AfterEach
  void close() {
    memory.close();
  }

  @Test
  void x86_64_ofDirectMapEntry_isKernelData() {
    PteFormat format = PteFormat.named("x86_64-4level");
    Walker walker = new Walker(memory, format);
    PagingRegisters registers = new PagingRegisters(format);
    registers.setRoot(0x1000);
    memory.write(0x1000 + 273 * 8, 0x2067); // ffff888000000000
    memory.write(0x2000, 0x3067);
    memory.write(0x3000 + 8, 0x80000000002001e3L); // 2M, NX, G, D, A, RW

    long translation = walker.walk(registers, 0xffff888000212345L);

    assertThat(Translation.pa(translation, 0xffff888000212345L)).isEqualTo(0x212345);
    assertThat(Translation.pageShift(translation)).isEqualTo(21);
    assertThat(Translation.rights(translation))
        .isEqualTo(KERNEL_RW | Rights.GLOBAL | Rights.DIRTY | Rights.ACCESSED);
    assertThat(Fault.of(walker.translate(registers, 0xffff888000412345L, Access.READ), 1))
        .isEqualTo(new Fault.NotPresent(1, 2, 0));
  }

  @Test
  void riscv_ofSv39Entry_isUserCode() {
    PteFormat format = PteFormat.named("riscv64-sv39");
    Walker walker = new Walker(memory, format);
    PagingRegisters registers = new PagingRegisters(format);
    registers.setRoot(0x1000);
    memory.write(0x1000, 0x2000 >> 2 | 1);
    memory.write(0x2000, 0x3000 >> 2 | 1);
    memory.write(0x3000 + 5 * 8, 0x123000 >> 2 | 0x5b); // V R X U A

    long translation = walker.translate(registers, 0x5678, Access.EXECUTE | Access.USER);

    assertThat(Translation.pa(translation, 0x5678)).isEqualTo(0x123678);
    assertThat(Translation.isFault(walker.translate(registers, 0x5678, Access.READ))).isTrue();
  }

  @Test
  void arm64_ofContiguousEntries_isOnePageOf64K() {
    PteFormat format = PteFormat.named("aarch64-4k");
    Walker walker = new Walker(memory, format);
    PagingRegisters registers = new PagingRegisters(format);
    registers.setRoot1(0x1000);
    memory.write(0x1000, 0x2003);
    memory.write(0x2000, 0x3003);
    memory.write(0x3000, 0x4003);
    long leaf = 0x00f0000000000403L; // CONT, PXN, UXN, contiguous group at 0x200000
    memory.write(0x4000 + 3 * 8, leaf | 0x203000);

    long translation = walker.walk(registers, 0xffff000000003456L);

    assertThat(Translation.pageShift(translation)).isEqualTo(16);
    assertThat(Translation.pa(translation, 0xffff000000003456L)).isEqualTo(0x203456);
    assertThat(Translation.rights(translation) & Rights.PERMISSIONS).isEqualTo(KERNEL_RW);
  }
}
