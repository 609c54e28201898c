package org.pagewright.kernel.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.directmap.KernelImage;

final class EarlyKernelTest {
  private static final long MIB = 1L << 20;

  /** Leaves by size: map, largest level, 4K, 2M, 1G. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0-4G                   | 3 |    0 |    0 | 4
          0-640K,1M-3G,4G-6G     | 3 |  512 |  511 | 4
          0-640K,1M-3G,4G-6G     | 2 |  512 | 2559 | 0
          0-640K,1M-64M          | 1 | 16384|    0 | 0
          0-1100M                | 3 |    0 |   38 | 1
          0-1101M                | 3 |  256 |   38 | 1
          0-640K,1M-3071M,4G-5G  | 3 |  768 | 1022 | 2
          1027M-4G               | 3 |  256 |  510 | 2
          """)
  void directMap_afterBoot_hasLinuxLeaves(
      String map, int level, long small, long large, long huge) {
    KernelConfig config = Kernels.config("x86_64-4level", map);
    EarlyKernel kernel =
        Kernels.early(config.withDirectMap(config.directMap().withLargestLeafLevel(level)));
    DirectMap direct = kernel.directMap();
    assertThat(List.of(direct.leaves(1), direct.leaves(2), direct.leaves(3)))
        .containsExactly(small, large, huge);
    kernel.machine().close();
  }

  @Test
  void meminfo_afterBoot_readsAsLinuxPrintsIt() {
    EarlyKernel kernel = Kernels.early("x86_64-4level", "0-640K,1M-3G,4G-6G");
    assertThat(kernel.directMap().meminfo())
        .isEqualTo(
            """
            DirectMap4k:        2048 kB
            DirectMap2M:     1046528 kB
            DirectMap1G:     4194304 kB
            """);
    kernel.machine().close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x86_64-4level",
        "x86_64-5level",
        "aarch64-4k",
        "aarch64-16k",
        "aarch64-64k",
        "riscv64-sv39",
        "riscv64-sv48",
        "riscv64-sv57"
      })
  void everyFrame_walkedByHardware_isFoundAtItsAddress(String format) {
    EarlyKernel kernel = Kernels.early(format, "0-12M,14M-71M,96M-131M");
    requireWalkerAgrees(kernel);
    kernel.machine().close();
  }

  @Test
  void everyFrame_ofPteMappedArm64_isFoundAtItsAddress() {
    KernelConfig config = Kernels.config("aarch64-4k", "0-40M");
    EarlyKernel kernel = Kernels.early(config.withPolicy(ArchPolicy.ARM64_PTE_MAPPED));
    requireWalkerAgrees(kernel);
    assertThat(kernel.directMap().leaves(1)).isEqualTo(10240);
    kernel.machine().close();
  }

  private static void requireWalkerAgrees(EarlyKernel kernel) {
    Cpu cpu = kernel.machine().cpu(0);
    MemoryMap map = kernel.machine().memory().map();
    int shift = kernel.machine().format().pageShift();
    for (long pfn = 0; pfn << shift < map.endBytes(); pfn++) {
      long va = kernel.directMap().va(pfn);
      long translation = kernel.machine().walker().walk(cpu.registers(), va);
      boolean isPresent = kernel.directMap().isPresent(cpu, pfn);
      assertThat(isPresent).as("frame %d", pfn).isEqualTo(map.contains(pfn << shift));
      assertThat(translation > 0).as("walk of frame %d", pfn).isEqualTo(isPresent);
      if (isPresent) {
        assertThat(Translation.pa(translation, va)).isEqualTo(pfn << shift);
        assertThat(Translation.rights(translation) & Rights.PERMISSIONS)
            .isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_WRITE);
        assertThat(Translation.rights(translation) & Rights.GLOBAL).isNotZero();
      }
    }
  }

  @Test
  void machineOfEightTebibytes_booted_needsFewTables() {
    EarlyKernel kernel = Kernels.early("x86_64-4level", "0-640K,1M-3G,4G-8193G");
    assertThat(kernel.directMap().leaves(3)).isEqualTo(8191);
    // Root, 17 tables of 1G leaves, one of 2M leaves below the first gigabyte, one of 4K leaves.
    assertThat(kernel.tables().tables()).isEqualTo(1 + 17 + 1 + 1);
    assertThat(kernel.machine().memory().residentBytes()).isLessThan(64 * MIB);
    kernel.machine().close();
  }

  @Test
  void handOver_afterBoot_lacksWhatBootTook() {
    KernelConfig config =
        Kernels.config("x86_64-4level", "0-640K,1M-1G")
            .withImage(KernelImage.at(16 * MIB))
            .withMemmapBytesPerPage(64);
    EarlyKernel kernel = Kernels.early(config);
    long free = 0;
    for (MemoryMap.Range range : kernel.memory().freeRanges()) {
      free += range.bytes();
      assertThat(range.from()).as("low memory stays reserved").isGreaterThanOrEqualTo(MIB);
    }
    long memmap = 261_888 * 64 + 3 * 4096; // 1M-1G, and 160 frames of low memory in whole pages
    assertThat(1023 * MIB - free).isEqualTo(48 * MIB + memmap + kernel.earlyTableBytes());
    kernel.machine().close();
  }

  @Test
  void image_whenProtected_splitsItsAliasInTheDirectMap() {
    KernelConfig config =
        Kernels.config("x86_64-4level", "0-4G").withImage(KernelImage.at(16 * MIB));
    EarlyKernel kernel = Kernels.early(config);
    Cpu cpu = kernel.machine().cpu(0);
    assertThat(kernel.directMap().leaves(3)).isEqualTo(4);
    assertThat(kernel.directMap().protectImage(cpu)).isZero();
    assertThat(kernel.directMap().leaves(3)).isEqualTo(3);
    assertThat(kernel.directMap().leaves(2)).isEqualTo(512);
    assertThat(kernel.directMap().splits(3)).isEqualTo(1);
    long text = kernel.directMap().layout().imageBase() + 16 * MIB;
    long data = text + 40 * MIB;
    assertThat(rights(kernel, text)).isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_EXECUTE);
    assertThat(rights(kernel, data)).isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_WRITE);
    assertThat(rights(kernel, kernel.directMap().va((16 * MIB) >>> 12)))
        .isEqualTo(Rights.KERNEL_READ);
    assertThat(rights(kernel, kernel.directMap().va((56 * MIB) >>> 12)))
        .isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_WRITE);
    kernel.machine().close();
  }

  private static int rights(EarlyKernel kernel, long va) {
    Cpu cpu = kernel.machine().cpu(0);
    long translation = kernel.machine().walker().walk(cpu.registers(), va);
    assertThat(translation).as("walk of %x", va).isPositive();
    return Translation.rights(translation) & Rights.PERMISSIONS;
  }
}
