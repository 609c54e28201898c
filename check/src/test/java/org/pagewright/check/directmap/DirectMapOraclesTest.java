package org.pagewright.check.directmap;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.KernelImage;

/** Oracles of the direct map and of lists of frames, on tables and events that lie. */
@SuppressWarnings("EnumOrdinal") // as events have them
final class DirectMapOraclesTest {
  private static final long PRESENT = 1;
  private static final long WRITE = 2;
  private static final long NO_EXECUTE = 1L << 63;

  private static final long VALID = 1;
  private static final long NOT_GLOBAL = 1L << 11;

  private final KernelMachine kernel = boot("x86_64-4level");
  private final Oracles oracles =
      new Oracles(
          new WatchedKernel(kernel.machine(), kernel.directMap(), kernel.allocator(), null));
  private final Cpu cpu = kernel.cpu(0);

  private static KernelMachine boot(String format) {
    return KernelMachine.boot(
        KernelConfig.of(
                MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(64L << 20)))
            .withImage(KernelImage.NONE)
            .withMemmapBytesPerPage(0));
  }

  @AfterEach
  void close() {
    oracles.close();
    kernel.close();
  }

  private void record(int kind, long a, long b, long c) {
    kernel.machine().events().record(kind, cpu.id(), a, b, c);
  }

  private static void assertOnly(List<Violation> found, String oracle) {
    assertThat(found).isNotEmpty().extracting(Violation::oracle).containsOnly(oracle);
  }

  /** Two frames whose direct map is made of base pages; they stay present. */
  private long smallPair() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 1);
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    kernel.shootdown().flushAll(cpu);
    assertThat(kernel.directMap().setDefaultNoflush(cpu, pfn)).isZero();
    return pfn;
  }

  private void change(long pfn, long bits) {
    change(kernel, pfn, bits);
  }

  /** Changes the entry of a frame behind everybody's back. */
  private static void change(KernelMachine kernel, long pfn, long bits) {
    long va = kernel.directMap().va(pfn);
    long pa = kernel.directMap().rootPa();
    PteFormat format = kernel.machine().format();
    for (int level = format.topLevel(); level > 1; level--) {
      pa = format.pa(kernel.machine().memory().read(format.entryPa(pa, va, level)), level);
    }
    long entryPa = format.entryPa(pa, va, 1);
    kernel.machine().memory().write(entryPa, kernel.machine().memory().read(entryPa) ^ bits);
  }

  @Test
  void soundKernel_changesAndSplits_isSilent() {
    long pfn = smallPair();
    long va = kernel.directMap().va(pfn);
    for (AttributeChange what :
        List.of(
            AttributeChange.READ_ONLY,
            AttributeChange.READ_WRITE,
            AttributeChange.NOT_PRESENT,
            AttributeChange.PRESENT)) {
      assertThat(kernel.directMap().setMemory(cpu, what, va, 2)).isZero();
    }
    assertThat(kernel.directMap().setDefaultNoflush(cpu, pfn)).isZero();
    assertThat(kernel.directMap().setDefaultNoflush(cpu, pfn + 1)).isZero();
    kernel.allocator().free(cpu, pfn, 1);
    assertThat(oracles.inspect()).isEmpty();
  }

  @Test
  void directMapIdentity_addressOfAnotherFrame_isFound() {
    change(smallPair(), 1L << 12);
    assertOnly(oracles.inspect(), "direct-map-identity");
  }

  @Test
  void directMapIdentity_pageOpenToUserMode_isFound() {
    change(smallPair(), 4);
    assertOnly(oracles.inspect(), "direct-map-identity");
  }

  @ParameterizedTest
  @ValueSource(longs = {WRITE | PRESENT, WRITE | NO_EXECUTE})
  void attributesInEffect_pageThatGoesOrGetsMoreRights_isFound(long bits) {
    long pfn = smallPair();
    long va = kernel.directMap().va(pfn);
    record(KernelEvent.ATTRIBUTES_CHANGE, va, 1, AttributeChange.READ_ONLY.ordinal());
    change(pfn, bits);
    record(KernelEvent.ATTRIBUTES_CHANGED, va, 1, 0);
    assertOnly(oracles.violations(), "attributes-in-effect");
    assertThat(oracles.violations()).anyMatch(one -> one.toString().contains("page 0 "));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void attributesInEffect_pageOfArm64ThatComesBackWithoutItsGlobalMark_isFound(boolean isKept) {
    try (KernelMachine arm = boot("aarch64-4k");
        Oracles watching =
            new Oracles(new WatchedKernel(arm.machine(), arm.directMap(), arm.allocator(), null))) {
      long pfn = arm.allocator().allocate(arm.cpu(0), Gfp.KERNEL, 0);
      assertThat(arm.directMap().setInvalidNoflush(arm.cpu(0), pfn)).isZero();
      change(arm, pfn, isKept ? 0 : NOT_GLOBAL);
      long va = arm.directMap().va(pfn);
      int what = AttributeChange.DIRECT_DEFAULT.ordinal();
      arm.machine().events().record(KernelEvent.ATTRIBUTES_CHANGE, 0, va, 1, what);
      change(arm, pfn, VALID | NOT_GLOBAL);
      arm.machine().events().record(KernelEvent.ATTRIBUTES_CHANGED, 0, va, 1, 0);
      if (isKept) {
        assertThat(watching.violations()).isEmpty();
      } else {
        assertOnly(watching.violations(), "attributes-in-effect");
        assertThat(watching.violations()).anyMatch(one -> one.what().contains("not global"));
      }
    }
  }

  @Test
  void splitsKeepTranslations_piecesThatLeadElsewhere_areFound() {
    long tablePa = kernel.tables().allocateTable(cpu, 1, kernel.plainTablePages());
    long leaf = kernel.machine().format().leaf(2, 4L << 20, 3);
    SpinLock lock = new SpinLock(new LockClass("pgd_lock"), /* identity= */ 2);
    lock.acquire(cpu);
    record(KernelEvent.DIRECT_MAP_SPLIT, kernel.directMap().va(0), 2, tablePa);
    assertThat(oracles.violations()).isEmpty();
    record(KernelEvent.ENTRY_WRITE, 4096, leaf, 0);
    record(KernelEvent.DIRECT_MAP_SPLIT, kernel.directMap().va(0), 2, tablePa);
    lock.release(cpu);
    assertOnly(oracles.violations(), "splits-keep-translations");
  }

  @Test
  void attributesInEffect_changeThatDidNothing_isFound() {
    long va = kernel.directMap().va(smallPair());
    int what = AttributeChange.READ_ONLY.ordinal();
    record(KernelEvent.ATTRIBUTES_CHANGE, va, 2, what);
    record(KernelEvent.ATTRIBUTES_CHANGED, va, 2, -12);
    assertThat(oracles.violations()).isEmpty();
    record(KernelEvent.ATTRIBUTES_CHANGE, va, 2, what);
    record(KernelEvent.ATTRIBUTES_CHANGED, va, 2, 0);
    assertOnly(oracles.violations(), "attributes-in-effect");
  }

  @Test
  void attributesInEffect_blockThatACpuStillTranslates_isFound() {
    long pfn = smallPair();
    long held = kernel.cpu(1).load(kernel.directMap().va(pfn), Access.READ);
    assertThat(held).isZero();
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    record(KernelEvent.BLOCK_UNMAPPED, pfn, 1, 0);
    assertOnly(oracles.violations(), "attributes-in-effect");
  }

  @Test
  void flushesComplete_translationWithMoreRights_isFound() {
    long pfn = smallPair();
    long va = kernel.directMap().va(pfn);
    kernel.cpu(1).store(va, Access.WRITE, 1);
    change(pfn, WRITE);
    record(KernelEvent.FLUSH_KERNEL, va, va + 4096, 0);
    record(KernelEvent.FLUSHED_KERNEL, va, va + 4096, 0);
    assertOnly(oracles.violations(), "flushes-complete");
  }

  @Test
  void framesKept_frameThatIsNowhere_isFoundAtRest() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    record(KernelEvent.FRAMES_FREED, pfn, 0, 0);
    assertThat(oracles.violations()).isEmpty();
    assertOnly(oracles.inspect(), "frames-kept");
  }

  @Test
  void framesKept_frameInUseThatIsOnAList_isFoundAtRest() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    kernel.allocator().free(cpu, pfn, 0);
    record(KernelEvent.FRAMES_ALLOCATED, pfn, 0, Gfp.KERNEL);
    assertThat(oracles.violations()).isEmpty();
    assertOnly(oracles.inspect(), "frames-kept");
  }
}
