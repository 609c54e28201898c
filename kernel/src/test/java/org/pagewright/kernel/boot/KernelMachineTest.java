package org.pagewright.kernel.boot;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.directmap.DirectMapConfig.Collapse;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.pgtable.TableSource;

final class KernelMachineTest {
  private static final long MIB = 1L << 20;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x86_64-4level",
        "x86_64-5level",
        "x86_64-pae",
        "aarch64-4k",
        "aarch64-16k",
        "aarch64-64k",
        "riscv64-sv39",
        "riscv64-sv48",
        "riscv64-sv57"
      })
  void bootedKernel_handsOutMappedFramesOfItsRam(String format) {
    try (KernelMachine kernel = KernelMachine.boot(Kernels.config(format, "16M-256M"))) {
      Cpu cpu = kernel.cpu(0);
      int pageShift = kernel.machine().format().pageShift();
      for (int i = 0; i < 100; i++) {
        long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
        assertThat(kernel.machine().memory().isRam(pfn << pageShift)).isTrue();
        assertThat(kernel.earlyMemory().isReserved(pfn << pageShift)).isFalse();
        assertThat(kernel.directMap().isPresent(cpu, pfn)).isTrue();
        assertThat(cpu.store(kernel.directMap().va(pfn), Access.WRITE, pfn)).isTrue();
        assertThat(kernel.machine().memory().read(pfn << pageShift)).isEqualTo(pfn);
      }
    }
  }

  @Test
  void pagesOfTheAllocator_afterBoot_areThoseThatBootLeft() {
    KernelConfig config =
        Kernels.config("x86_64-4level", "0-640K,1M-512M")
            .withImage(KernelImage.at(16 * MIB))
            .withMemmapBytesPerPage(64);
    try (KernelMachine kernel = KernelMachine.boot(config)) {
      long ram = (511 * MIB + 640 * 1024) >>> 12;
      long reserved = kernel.earlyMemory().reservedBytes() >>> 12;
      long holes = (MIB - 640 * 1024) >>> 12; // the first megabyte is reserved as a whole
      assertThat(kernel.allocator().freePages() + kernel.allocator().pcpPages())
          .isEqualTo(ram - (reserved - holes));
    }
  }

  @Test
  void clocks_afterBoot_areLevel() {
    KernelConfig config = Kernels.withCpus(Kernels.config("x86_64-4level", "0-64M"), 3);
    try (KernelMachine kernel = KernelMachine.boot(config)) {
      assertThat(kernel.cpu(0).cycles()).isPositive().isEqualTo(kernel.cpu(2).cycles());
    }
  }

  @Test
  void image_atBoot_splitsTheFirstGigabyteWithATableOfTheAllocator() {
    KernelConfig config =
        Kernels.config("x86_64-4level", "0-4G").withImage(KernelImage.at(16 * MIB));
    try (KernelMachine kernel = KernelMachine.boot(config)) {
      assertThat(kernel.directMap().leaves(3)).isEqualTo(3);
      assertThat(kernel.directMap().leaves(2)).isEqualTo(512);
      assertThat(kernel.directMap().meminfo()).contains("DirectMap1G:     3145728 kB");
    }
  }

  @Test
  void machineOfManyGibibytes_bootsAndAllocates() {
    try (KernelMachine kernel =
        KernelMachine.boot(Kernels.config("x86_64-4level", "0-640K,1M-3G,4G-65G"))) {
      assertThat(kernel.allocator().allocate(kernel.cpu(0), Gfp.KERNEL, 3))
          .isNotEqualTo(PageAllocator.NONE);
    }
  }

  @Test
  void tableOfBoot_givenBack_doesNotReachTheAllocator() {
    KernelConfig config = Kernels.config("x86_64-4level", "0-64M");
    DirectMapConfig study = config.directMap().withCollapse(Collapse.ALWAYS).withKeepGlobal(true);
    try (KernelMachine kernel = KernelMachine.boot(config.withDirectMap(study))) {
      Cpu cpu = kernel.cpu(0);
      long tablePa = kernel.earlyMemory().allocate(4096, 4096, MIB, 64 * MIB);
      long pages = kernel.allocator().freePages() + kernel.allocator().pcpPages();
      TableSource source = kernel.tablePages();
      source.free(cpu, tablePa, 1);
      assertThat(kernel.allocator().freePages() + kernel.allocator().pcpPages()).isEqualTo(pages);
      long later = source.allocate(cpu, 1);
      assertThat(kernel.earlyMemory().isReserved(later)).isFalse();
      source.free(cpu, later, 1);
      assertThat(kernel.allocator().freePages() + kernel.allocator().pcpPages()).isEqualTo(pages);
    }
  }
}
