package org.pagewright.kernel.mmlocal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.mermap.MermapConfig;
import org.pagewright.kernel.mermap.MermapHandle;
import org.pagewright.kernel.mm.IsolationWorld;
import org.pagewright.kernel.mm.Mm;

/** The region's tables: made, shared with the user's top table, and given back. */
class MmLocalRegionTest {
  private static final int DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  private static long topEntry(IsolationWorld world, long pgdPa) {
    return world.memory().read(pgdPa + MmLocalLayout.SLOT * 8L);
  }

  @Test
  void layout_ofBothFormats_isEntry272() {
    assertThat(MmLocalLayout.X86_64_4LEVEL.base() << 16 >>> 55).isEqualTo(MmLocalLayout.SLOT);
    assertThat(MmLocalLayout.X86_64_5LEVEL.base() << 7 >>> 55).isEqualTo(MmLocalLayout.SLOT);
    assertThat(MmLocalLayout.X86_64_4LEVEL.end()).isEqualTo(0xffff_8880_0000_0000L);
    assertThat(MmLocalLayout.X86_64_5LEVEL.end()).isEqualTo(0xff11_0000_0000_0000L);
    assertThat(MmLocalLayout.X86_64_4LEVEL.mermapBase()).isEqualTo(0xffff_8800_0020_0000L);
  }

  @Test
  void init_withIsolation_sharesOneTableAtOnce() {
    try (IsolationWorld world = IsolationWorld.isolated(MermapConfig.V2)) {
      Mm mm = world.createMm();
      long before = world.usedPages();
      assertThat(world.region().init(world.cpu(0), mm)).isZero();
      assertThat(world.region().init(world.cpu(0), mm)).isZero();
      assertThat(world.usedPages() - before).isEqualTo(1);
      assertThat(topEntry(world, mm.userPgdPa()))
          .isEqualTo(topEntry(world, mm.kernelPgdPa()))
          .isNotZero();
    }
  }

  @Test
  void init_withoutIsolation_onlySetsTheFlag() {
    try (IsolationWorld world = IsolationWorld.of(MermapConfig.V2)) {
      Mm mm = world.createMm();
      long before = world.usedPages();
      assertThat(world.region().init(world.cpu(0), mm)).isZero();
      assertThat(mm.has(Mm.LOCAL_REGION_USED)).isTrue();
      assertThat(world.usedPages()).isEqualTo(before);
      assertThat(topEntry(world, mm.kernelPgdPa())).isZero();
    }
  }

  /**
   * The claim that a failing init leaks a table: one allocation stands before the flag, no more.
   */
  @Test
  void init_withNoMemory_leavesTheRegionUnusedAndLeaksNothing() {
    try (IsolationWorld world = IsolationWorld.isolated(MermapConfig.V2)) {
      Mm mm = world.createMm();
      long before = world.usedPages();
      world.failAllocationsAfter(0);
      assertThat(world.region().init(world.cpu(0), mm)).isEqualTo(-Errno.ENOMEM);
      world.allowAllocations();
      assertThat(mm.has(Mm.LOCAL_REGION_USED)).isFalse();
      assertThat(world.usedPages()).isEqualTo(before);
      assertThat(world.region().init(world.cpu(0), mm)).isZero();
    }
  }

  @Test
  void mapping_underIsolation_isReachedFromBothTopTables() {
    try (IsolationWorld world = IsolationWorld.isolated(MermapConfig.V2)) {
      Mm mm = world.runNewProcess(0);
      world.prepare(mm);
      long pfn = world.frame();
      long handle = world.mermap().get(world.cpu(0), pfn, 4096, DATA);
      long va = MermapHandle.va(handle);
      for (long rootPa : new long[] {mm.kernelPgdPa(), mm.userPgdPa()}) {
        long translation = world.walk(rootPa, va);
        assertThat(Translation.pa(translation, va)).isEqualTo(pfn << 12);
        assertThat(Translation.rights(translation) & Rights.USER).isZero();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void exit_afterUse_givesEveryTableBack(boolean isolates) {
    try (IsolationWorld world =
        isolates ? IsolationWorld.isolated(MermapConfig.V2) : IsolationWorld.of(MermapConfig.V2)) {
      long before = world.usedPages();
      Mm mm = world.createMm();
      world.prepare(mm);
      world.processes().exit(world.cpu(0), mm);
      assertThat(world.usedPages()).isEqualTo(before);
      assertThat(world.region().tablesFreed()).isEqualTo(world.cpus() + 2);
    }
  }

  @Test
  void regions_ofTwoProcesses_shareNothing() {
    try (IsolationWorld world = IsolationWorld.of(MermapConfig.V2)) {
      Mm one = world.createMm();
      Mm two = world.createMm();
      world.prepare(one);
      assertThat(topEntry(world, two.kernelPgdPa())).isZero();
      world.prepare(two);
      assertThat(topEntry(world, two.kernelPgdPa()))
          .isNotEqualTo(topEntry(world, one.kernelPgdPa()));
    }
  }
}
