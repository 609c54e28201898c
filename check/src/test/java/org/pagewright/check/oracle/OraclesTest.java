package org.pagewright.check.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mm.MmEvent;

/** Each oracle on a sound kernel, and on one that is used as no caller may. */
final class OraclesTest {
  private final KernelMachine kernel =
      KernelMachine.boot(
          KernelConfig.bare(
              MachineConfig.small(PteFormat.named("x86_64-4level"))
                  .withMap(MemoryMap.of(64L << 20))));
  private final Oracles oracles =
      new Oracles(
          new WatchedKernel(kernel.machine(), kernel.directMap(), kernel.allocator(), null));
  private final Cpu cpu = kernel.cpu(0);

  @AfterEach
  void close() {
    oracles.close();
    kernel.close();
  }

  @Test
  void soundKernel_allocatingOfBothKinds_isSilent() {
    for (int i = 0; i < 100; i++) {
      long mapped = kernel.allocator().allocate(cpu, Gfp.KERNEL, i % 4);
      long unmapped = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0, AllocFlags.UNMAPPED);
      assertThat(mapped).isNotNegative();
      assertThat(unmapped).isNotNegative();
      kernel.allocator().free(cpu, mapped, i % 4);
      kernel.allocator().free(cpu, unmapped, 0);
    }
    assertThat(kernel.allocator().conversions()).isPositive();
    assertThat(oracles.inspect()).isEmpty();
  }

  @Test
  void frameOwnership_secondHandOut_isFound() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    record(KernelEvent.FRAMES_ALLOCATED, pfn, 0);
    assertOnly("frame-ownership");
  }

  @Test
  void frameOwnership_secondFree_isFound() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 1);
    record(KernelEvent.FRAMES_FREED, pfn, 1);
    record(KernelEvent.FRAMES_FREED, pfn + 1, 0);
    assertOnly("frame-ownership");
  }

  @Test
  void freeMemoryAgreement_freeOfAnAbsentFrame_isFound() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    kernel.allocator().free(cpu, pfn, 0);
    assertOnly("free-memory-agreement");
  }

  @Test
  void secretsUnreachable_removalWithoutFlush_isFound() {
    long pfn = frameOfASplitLeaf();
    long value = kernel.cpu(1).load(kernel.directMap().va(pfn), Access.READ);
    assertThat(value).isZero();
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    record(MmEvent.SECRET_ADDED, pfn, 1);
    assertOnly("secrets-unreachable");
  }

  @Test
  void secretsUnreachable_frameThatIsPresent_isFound() {
    record(MmEvent.SECRET_ADDED, kernel.allocator().allocate(cpu, Gfp.KERNEL, 0), 1);
    assertOnly("secrets-unreachable");
  }

  @Test
  void secretsUnreachable_removalThatNobodyHadCached_stillNeedsAFlush() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    record(MmEvent.SECRET_ADDED, pfn, 1);
    assertOnly("secrets-unreachable");
  }

  @Test
  void secretsErased_frameWithContents_isFound() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    kernel.machine().events().record(MmEvent.SECRET_ADDED, 0, pfn, 1, MmEvent.ERASED_AT_END);
    kernel.machine().memory().write((pfn << 12) + 8, 1);
    kernel.allocator().free(cpu, pfn, 0);
    assertThat(oracles.violations()).extracting(Violation::oracle).contains("secrets-erased");
  }

  @Test
  void freedFramesUntouched_loadOfAFreeFrame_isFound() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    assertThat(cpu.load(kernel.directMap().va(pfn), Access.READ)).isZero();
    assertThat(oracles.violations()).isEmpty();
    kernel.allocator().free(cpu, pfn, 0);
    assertThat(cpu.load(kernel.directMap().va(pfn), Access.READ)).isZero();
    assertOnly("freed-frames-untouched");
  }

  @Test
  void ldtContents_entryThatNobodyWrote_isFound() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL | Gfp.ZERO, 0);
    EventLog events = kernel.machine().events();
    events.record(MmEvent.MM_CREATED, 0, 7, kernel.directMap().rootPa(), -1);
    kernel.machine().memory().write(pfn << 12, 1);
    record(MmEvent.LDT_INSTALLED, 7, 2);
    events.record(MmEvent.LDT_LOADED, 0, 7, kernel.directMap().va(pfn), 16);
    assertThat(oracles.violations()).isEmpty();
    kernel.machine().memory().write((pfn << 12) + 8, 1);
    events.record(MmEvent.LDT_LOADED, 0, 7, kernel.directMap().va(pfn), 16);
    assertOnly("ldt-contents");
  }

  @Test
  void kernelHalvesEqual_regionOfTwoProcesses_isFoundAtRest() {
    long regionVa = kernel.directMap().va(0);
    EventLog events = kernel.machine().events();
    events.record(MmEvent.MM_CREATED, 0, 7, kernel.directMap().rootPa(), -1);
    events.record(MmEvent.REGION_USED, 0, 7, regionVa, 4096);
    assertThat(oracles.inspect()).extracting(Violation::oracle).contains("kernel-halves-equal");
  }

  @Test
  void pagesFresh_pageThatHoldsWhatTheKernelLeft_isFound() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    kernel.machine().memory().write(pfn << 12, 1);
    kernel.allocator().free(cpu, pfn, 0);
    assertThat(kernel.allocator().allocate(cpu, Gfp.USER, 0)).isEqualTo(pfn);
    long translation = Translation.of(pfn << 12, 12, Rights.USER_READ, 0, 0);
    int access = Access.USER | Access.READ;
    kernel.machine().events().record(HardwareEvent.ACCESS, 0, 0, translation, access);
    assertOnly("pages-fresh");
  }

  @Test
  void pagesFresh_pageThatWasCleared_isSilent() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    kernel.machine().memory().write(pfn << 12, 1);
    kernel.allocator().free(cpu, pfn, 0);
    assertThat(kernel.allocator().allocate(cpu, Gfp.USER | Gfp.ZERO, 0)).isEqualTo(pfn);
    long translation = Translation.of(pfn << 12, 12, Rights.USER_READ, 0, 0);
    int access = Access.USER | Access.READ;
    kernel.machine().events().record(HardwareEvent.ACCESS, 0, 0, translation, access);
    assertThat(oracles.violations()).isEmpty();
  }

  @Test
  void flushesComplete_flushThatReachedNobody_isFound() {
    long pfn = frameOfASplitLeaf();
    long va = kernel.directMap().va(pfn);
    assertThat(kernel.cpu(1).load(va, Access.READ)).isZero();
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    record(KernelEvent.FLUSH_KERNEL, va, va + 4096);
    record(KernelEvent.FLUSHED_KERNEL, va, va + 4096);
    assertOnly("flushes-complete");
  }

  @Test
  void flushesComplete_flushThatReachedAll_isSilent() {
    long pfn = frameOfASplitLeaf();
    long va = kernel.directMap().va(pfn);
    assertThat(kernel.cpu(1).load(va, Access.READ)).isZero();
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    kernel.shootdown().flushKernelRange(cpu, va, va + 4096);
    assertThat(oracles.violations()).isEmpty();
  }

  /** A checker that asks for a flush when an entry becomes present would be wrong on x86. */
  @Test
  void soundKernel_makingPagesPresentWithoutFlush_isSilent() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
    long va = kernel.directMap().va(pfn);
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    kernel.shootdown().flushKernelRange(cpu, va, va + 4096);
    assertThat(kernel.directMap().setDefaultNoflush(cpu, pfn)).isZero();
    kernel.allocator().free(cpu, pfn, 0);
    assertThat(oracles.inspect()).isEmpty();
  }

  @Test
  void tableLife_tableGivenBackTwiceOrAsAFrame_isFound() {
    long tablePa = kernel.tables().allocateTable(cpu, 1, kernel.plainTablePages());
    record(KernelEvent.FRAMES_FREED, tablePa >>> 12, 0);
    record(KernelEvent.FRAMES_ALLOCATED, tablePa >>> 12, 0);
    record(KernelEvent.TABLE_FREED, tablePa >>> 12, 1);
    record(KernelEvent.TABLE_FREED, tablePa >>> 12, 1);
    assertOnly("table-life");
    assertThat(oracles.violations()).hasSize(2);
  }

  @Test
  void executionRules_allocationThatMaySleepInAtomic_isFound() {
    cpu.disablePreemption();
    cpu.maySleep();
    cpu.enablePreemption();
    assertOnly("execution-rules");
  }

  @Test
  void migrationBalance_disableWithoutEnable_isFoundAtRest() {
    cpu.disableMigration();
    assertThat(oracles.violations()).isEmpty();
    assertThat(oracles.inspect()).extracting(Violation::oracle).containsOnly("migration-balance");
  }

  @Test
  void mermapPromise_refusalAfterAWarning_isTheCallersMistake() {
    record(MmEvent.MERMAP_WARNING, 2, 0);
    record(MmEvent.MERMAP_REFUSED, 2, 1);
    assertThat(oracles.violations()).isEmpty();
    record(MmEvent.MERMAP_REFUSED, 2, 1);
    assertOnly("mermap-promise");
  }

  @Test
  void breakBeforeMake_splitUnderACpuThatCannotBearIt_isFound() {
    kernel.cpu(1).setToleratesLiveSplits(false);
    kernel.cpu(1).setOnline(false);
    record(KernelEvent.DIRECT_MAP_SPLIT, 0x1000, 2);
    assertThat(oracles.violations()).isEmpty();
    kernel.cpu(1).setOnline(true);
    SpinLock lock = new SpinLock(new LockClass("pgd_lock"), /* identity= */ 2);
    lock.acquire(kernel.cpu(0));
    record(KernelEvent.DIRECT_MAP_SPLIT, 0x1000, 2);
    lock.release(kernel.cpu(0));
    assertOnly("break-before-make");
  }

  @Test
  void tablesLocked_splitWithoutLock_isFound() {
    record(KernelEvent.DIRECT_MAP_SPLIT, 0x1000, 2);
    assertOnly("tables-locked");
  }

  @Test
  void names_areDifferent() {
    assertThat(oracles.names()).hasSizeGreaterThanOrEqualTo(12).doesNotHaveDuplicates();
  }

  /** Splitting flushes everything: it must be over before a test fills a translation cache. */
  private long frameOfASplitLeaf() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 1);
    assertThat(kernel.directMap().setInvalidNoflush(cpu, pfn)).isZero();
    return pfn + 1;
  }

  private void record(int kind, long a, long b) {
    kernel.machine().events().record(kind, cpu.id(), a, b, 0);
  }

  private void assertOnly(String oracle) {
    List<Violation> found = oracles.violations();
    assertThat(found).isNotEmpty().extracting(Violation::oracle).containsOnly(oracle);
  }
}
