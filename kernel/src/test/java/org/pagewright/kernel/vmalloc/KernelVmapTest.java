package org.pagewright.kernel.vmalloc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.MmTlb;

/** Ranges in small and large leaves, and the tables that large ones take the place of. */
final class KernelVmapTest {
  private static final long LARGE = 2 << 20;
  private static final long PAGE = 1 << 12;
  private static final int RIGHTS = Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.ACCESSED;

  private static KernelMachine boot(String format) {
    KernelConfig config = Kernels.withCpus(Kernels.config(format, "0-64M"), 2);
    return KernelMachine.boot(config);
  }

  private static KernelVmap vmap(KernelMachine kernel, TableSource source) {
    return new KernelVmap(
        kernel.tables(),
        kernel.directMap(),
        source,
        kernel.shootdown(),
        KernelRoots.ONE,
        kernel.machine().events());
  }

  private static long va(KernelMachine kernel) {
    return kernel.layout().vmallocBase() + LARGE & -LARGE;
  }

  /** Tables that walks of a CPU's loaded address space, or of any, may start in. */
  private static List<Long> walkedTables(Cpu cpu, boolean isLoadedOnly) {
    List<Long> found = new ArrayList<>();
    int loaded = cpu.registers().asid();
    cpu.tlb()
        .forEachStructure((level, va, shift, asid, tablePa) -> {
          if (!isLoadedOnly || asid == loaded || asid < 0) {
            found.add(tablePa);
          }
        });
    return found;
  }

  private static long pteTable(KernelMachine kernel) {
    long slot = kernel.tables().peekLookup(kernel.rootPa(), va(kernel));
    return slot & -PAGE;
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "aarch64-4k", "riscv64-sv48"})
  void map_largeWhereATableWas_freesItOnceNoCpuWalksIt(String format) {
    try (KernelMachine kernel = boot(format)) {
      Cpu cpu = kernel.cpu(0);
      KernelVmap vmap = vmap(kernel, kernel.tablePages());
      long va = va(kernel);
      assertThat(vmap.map(cpu, new PageRange(va, 32 << 20, PAGE), RIGHTS, 1)).isZero();
      assertThat(kernel.cpu(1).translate(va, Access.READ)).isPositive();
      long tablePa = pteTable(kernel);
      assertThat(walkedTables(kernel.cpu(1), /* isLoadedOnly= */ true)).contains(tablePa);
      long tables = kernel.tables().tables();
      vmap.unmap(cpu, va, PAGE);
      assertThat(kernel.cpu(1).translate(va, Access.READ)).isNegative();

      assertThat(vmap.map(cpu, new PageRange(va, 32 << 20, LARGE), RIGHTS, 2)).isZero();
      assertThat(kernel.tables().tables()).isEqualTo(tables - 1);
      assertThat(walkedTables(kernel.cpu(1), /* isLoadedOnly= */ true)).doesNotContain(tablePa);
      assertThat(kernel.cpu(1).translate(va + 5 * PAGE, Access.READ)).isPositive();
    }
  }

  @Test
  void map_withoutTables_answersWithAnError() {
    try (KernelMachine kernel = boot("x86_64-4level")) {
      PageTables tables = kernel.tables();
      long before = tables.tables();
      for (int allowed = 0; allowed < 3; allowed++) {
        KernelVmap vmap = vmap(kernel, new Kernels.FailingTables(kernel.tablePages(), 0));
        PageRange range = new PageRange(va(kernel), 32 << 20, PAGE);
        assertThat(vmap.map(kernel.cpu(0), range, RIGHTS, 1)).isEqualTo(-Errno.ENOMEM);
        KernelVmap one = vmap(kernel, new Kernels.FailingTables(kernel.tablePages(), 1));
        int expected = allowed < 2 ? -Errno.ENOMEM : 0;
        assertThat(one.map(kernel.cpu(0), range, RIGHTS, 1)).isEqualTo(expected);
        assertThat(tables.tables()).isEqualTo(before + allowed + 1);
      }
    }
  }

  /**
   * INVLPG drops the walk caches of the current PCID only, and without isolation Linux does not
   * mark the others: deduced from {@code flush_tlb_one_kernel()} and the Intel SDM, not seen
   * reported.
   */
  @Test
  @BreaksProperty(value = "flushes-complete", because = "x86 leaves walks of other PCIDs")
  void map_largeWhereATableWas_onX86LeavesWalksOfOtherPcidsToTheFreedTable() {
    try (KernelMachine kernel = boot("x86_64-4level")) {
      Cpu cpu = kernel.cpu(0);
      Cpu other = kernel.cpu(1);
      KernelVmap vmap = vmap(kernel, kernel.tablePages());
      long va = va(kernel);
      assertThat(vmap.map(cpu, new PageRange(va, 32 << 20, PAGE), RIGHTS, 1)).isZero();
      assertThat(other.translate(va, Access.READ)).isPositive();
      long tablePa = pteTable(kernel);
      MmTlb process = new MmTlb(77, kernel.rootPa(), MmTlb.NO_ROOT, /* cpuCount= */ 2);
      kernel.shootdown().switchMm(other, process);
      vmap.unmap(cpu, va, PAGE);
      assertThat(vmap.map(cpu, new PageRange(va, 32 << 20, LARGE), RIGHTS, 2)).isZero();
      kernel.shootdown().switchMm(other, kernel.shootdown().kernelMm());
      assertThat(walkedTables(other, /* isLoadedOnly= */ true)).contains(tablePa);
    }
  }
}
