package org.pagewright.kernel.mmlocal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.ldt.LdtKernel;
import org.pagewright.kernel.ldt.LdtKernels;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mmlocal.MmLocalRegion.Policy;
import org.pagewright.kernel.mmlocal.MmLocalRegion.Sharing;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.TableSource;

/** The region in every mode, by what it shares and when. */
class RegionModesTest {
  private static LdtKernel.Parts parts(Policy policy, Sharing sharing, long[] allowed) {
    return new LdtKernel.Parts() {
      @Override
      public MmLocalRegion region(KernelMachine kernel) {
        TableSource tables = kernel.tablePages();
        return new MmLocalRegion(
            MmLocalLayout.of(kernel.machine().format()),
            policy,
            sharing,
            kernel.tables(),
            allowed[0] < 0 ? tables : new Kernels.FailingTables(tables, allowed[0]),
            kernel.shootdown(),
            kernel.machine().events());
      }
    };
  }

  /** Pages of tables after init, and after one page of the LDT area is mapped. */
  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, false, REGION, 0, 3",
    "x86_64-4level, true, REGION, 1, 3",
    "x86_64-4level, true, LDT, 5, 5",
    "x86_64-5level, false, REGION, 0, 4",
    "x86_64-5level, true, REGION, 1, 4",
    "x86_64-5level, true, LDT, 7, 7",
    "x86_64-pae, false, REGION, 0, 1",
    "x86_64-pae, true, REGION, 1, 1",
    "x86_64-pae, true, LDT, 1, 1",
  })
  void tables_afterInitAndAfterUse_areAsFewAsTheModeAllows(
      String format, boolean isIsolated, Sharing sharing, int afterInit, int afterUse) {
    LdtKernel.Parts parts = parts(Policy.ON_DEMAND, sharing, new long[] {-1});
    try (LdtKernel world = LdtKernels.with(format, isIsolated, parts)) {
      Cpu cpu = world.cpu(0);
      Mm mm = LdtKernels.start(world);
      long before = world.usedPages();
      assertThat(world.region().init(cpu, mm)).isZero();
      assertThat(world.usedPages() - before).isEqualTo(afterInit);
      map(world, mm, world.region().layout().base(), 8 << 20);
      assertThat(world.usedPages() - before).isEqualTo(afterUse);
      assertThat(pa(world, mm.kernelPgdPa())).isEqualTo(8 << 20);
      if (isIsolated) {
        assertThat(pa(world, mm.userPgdPa())).isEqualTo(8 << 20);
      }
      world.region().free(cpu, mm);
      assertThat(world.usedPages()).isEqualTo(before);
      assertThat(pa(world, mm.kernelPgdPa())).isEqualTo(-1);
    }
  }

  private static void map(LdtKernel world, Mm mm, long va, long pa) {
    Cpu cpu = world.cpu(0);
    long entry = world.region().makeEntry(cpu, mm, va);
    int rights = Rights.KERNEL_READ | Rights.ACCESSED;
    world
        .kernel()
        .tables()
        .writeEntry(
            cpu, EntrySlot.pa(entry), world.kernel().machine().format().leaf(1, pa, rights));
  }

  private static long pa(LdtKernel world, long rootPa) {
    return LdtKernels.pa(world, rootPa, world.region().layout().base());
  }

  /** What lies behind the LDT's 2 MiB is user mode's too, unless the LDT alone is shared. */
  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, REGION, true",
    "x86_64-4level, LDT, false",
    "x86_64-5level, REGION, true",
    "x86_64-5level, LDT, false",
  })
  void mermapArea_underIsolation_isSeenByUserModeWhenTheRegionIsShared(
      String format, Sharing sharing, boolean isSeen) {
    LdtKernel.Parts parts = parts(Policy.ON_DEMAND, sharing, new long[] {-1});
    try (LdtKernel world = LdtKernels.with(format, true, parts)) {
      Mm mm = LdtKernels.start(world);
      assertThat(world.region().init(world.cpu(0), mm)).isZero();
      long va = world.region().layout().mermapBase();
      map(world, mm, va, 8 << 20);
      assertThat(LdtKernels.pa(world, mm.userPgdPa(), va)).isEqualTo(isSeen ? 8 << 20 : -1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, REGION, 1",
    "x86_64-4level, LDT, 5",
    "x86_64-5level, REGION, 1",
    "x86_64-5level, LDT, 7",
    "x86_64-pae, REGION, 1",
  })
  void init_withEachTableFailing_keepsNothing(String format, Sharing sharing, int needed) {
    for (int allowed = 0; allowed <= needed; allowed++) {
      LdtKernel.Parts parts = parts(Policy.ON_DEMAND, sharing, new long[] {allowed});
      try (LdtKernel world = LdtKernels.with(format, true, parts)) {
        Mm mm = LdtKernels.start(world);
        int expected = allowed < needed ? -Errno.ENOMEM : 0;
        assertThat(world.region().init(world.cpu(0), mm)).isEqualTo(expected);
        assertThat(mm.has(Mm.LOCAL_REGION_USED)).isEqualTo(expected == 0);
        assertThat(pa(world, mm.kernelPgdPa())).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"x86_64-4level, 1", "x86_64-5level, 1", "x86_64-pae, 1"})
  void process_ofTheAlwaysPolicy_hasItsFirstTableAtOnce(String format, int tables) {
    for (Policy policy : Policy.values()) {
      LdtKernel.Parts parts = parts(policy, Sharing.REGION, new long[] {-1});
      try (LdtKernel world = LdtKernels.with(format, true, parts)) {
        long before = world.usedPages();
        Mm mm = LdtKernels.start(world);
        long roots = format.endsWith("pae") ? 7 : 2;
        long expected = policy == Policy.ALWAYS ? tables : 0;
        assertThat(world.usedPages() - before).isEqualTo(roots + expected);
        world.processes().exit(world.cpu(0), mm);
        assertThat(world.usedPages()).isEqualTo(before);
      }
    }
  }
}
