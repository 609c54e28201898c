package org.pagewright.kernel.directmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;

/** arm64 and riscv: what differs from x86 when kernel mappings change. */
final class LinearMapAttributesTest {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;

  private EarlyKernel kernel = Kernels.early(arm64(ArchPolicy.ARM64));
  private Cpu cpu = kernel.machine().cpu(0);
  private DirectMap map = kernel.directMap();

  private static KernelConfig arm64(ArchPolicy policy) {
    return Kernels.withCpus(Kernels.config("aarch64-4k", "0-2G"), 2).withPolicy(policy);
  }

  private void boot(KernelConfig config) {
    kernel.machine().close();
    kernel = Kernels.early(config);
    cpu = kernel.machine().cpu(0);
    map = kernel.directMap();
  }

  @AfterEach
  void close() {
    assertThat(cpu.lockDepth()).isZero();
    kernel.machine().close();
  }

  private long total(Counter counter) {
    return kernel.shootdown().counters().total(counter);
  }

  private boolean isContiguous(long pfn) {
    return (map.entryNow(pfn) & LinearMapSplits.CONTIGUOUS) != 0;
  }

  /** First page, pages: 1G splits, 2M splits. */
  @ParameterizedTest
  @CsvSource({
    "262144, 1, 1, 1",
    "262145, 1, 1, 1",
    "262655, 1, 1, 1",
    "262144, 512, 1, 0",
    "262144, 8192, 1, 0",
    "262145, 512, 1, 2",
    "0, 262144, 0, 0",
    "0, 524288, 0, 0"
  })
  void invalidating_splitsStepByStepAtItsEdges(
      long first, long pages, long hugeSplits, long largeSplits) {
    assertThat(map.leaves(3)).isEqualTo(2);
    assertThat(map.setValidNoflush(cpu, first, pages, false)).isZero();
    assertThat(map.splits(3)).isEqualTo(hugeSplits);
    assertThat(map.splits(2)).isEqualTo(largeSplits);
    for (long pfn = first == 0 ? 0 : first - 1; pfn <= first + pages && pfn < 524288; pfn++) {
      boolean isInside = pfn >= first && pfn < first + pages;
      assertThat(map.isPresentNow(pfn)).as("frame %d", pfn).isEqualTo(!isInside);
    }
  }

  @Test
  void split_ofAHugeBlock_leavesContiguousGroupsExceptAtTheEdge() {
    assertThat(map.setInvalidNoflush(cpu, 262144 + 512 + 3)).isZero();
    // The 32M group around the edge is broken, its neighbour is not.
    assertThat(isContiguous(262144)).isFalse();
    assertThat(map.levelNow(262144)).isEqualTo(2);
    assertThat(isContiguous(262144 + 8192)).isTrue();
    // The 64K group around the page is broken, its neighbour is not.
    assertThat(map.levelNow(262144 + 512)).isEqualTo(1);
    assertThat(isContiguous(262144 + 512 + 4)).isFalse();
    assertThat(isContiguous(262144 + 512 + 16)).isTrue();
  }

  @Test
  void split_flushesNothing() {
    assertThat(map.setInvalidNoflush(cpu, 262144)).isZero();
    assertThat(total(Counter.KERNEL_FLUSHES)).isZero();
    assertThat(total(Counter.INTERRUPTS_SENT)).isZero();
  }

  @Test
  void validNoflush_whenInvalidating_flushesInSpiteOfItsName() {
    Cpu other = kernel.machine().cpu(1);
    assertThat(other.store(map.va(1024), Access.WRITE, 1)).isTrue();
    assertThat(map.setValidNoflush(cpu, 1024, 512, false)).isZero();
    assertThat(total(Counter.KERNEL_FLUSHES)).isEqualTo(1);
    assertThat(total(Counter.INTERRUPTS_SENT)).isZero();
    assertThat(other.store(map.va(1024), Access.WRITE, 2)).isFalse();
    assertThat(map.setValidNoflush(cpu, 1024, 512, true)).isZero();
    assertThat(total(Counter.KERNEL_FLUSHES)).isEqualTo(1);
    assertThat(other.store(map.va(1024), Access.WRITE, 3)).isTrue();
  }

  @Test
  void invalidNoflush_withoutFlush_leavesAStaleTranslation() {
    Cpu other = kernel.machine().cpu(1);
    assertThat(other.store(map.va(1024), Access.WRITE, 1)).isTrue();
    assertThat(map.setInvalidNoflush(cpu, 1024)).isZero();
    assertThat(other.store(map.va(1024), Access.WRITE, 2)).isTrue();
    kernel.shootdown().flushKernelRange(cpu, map.va(1024), map.va(1025));
    assertThat(other.store(map.va(1024), Access.WRITE, 3)).isFalse();
  }

  @Test
  void removedBlock_keepsItsFrameAndComesBackGlobal() {
    long before = map.entryNow(4096);
    assertThat(map.setInvalidNoflush(cpu, 4096)).isZero();
    assertThat(map.entryNow(4096)).isNotZero();
    assertThat(map.setDefaultNoflush(cpu, 4096)).isZero();
    long entry = map.entryNow(4096);
    long translation = kernel.machine().walker().walk(cpu.registers(), map.va(4096));
    assertThat(Translation.pa(translation, map.va(4096))).isEqualTo(4096L << 12);
    assertThat(Translation.rights(translation) & Rights.GLOBAL).isNotZero();
    assertThat(entry).isNotEqualTo(before);
  }

  @Test
  @BreaksProperty(
      value = "attributes-in-effect",
      because = "Linux answers 0 where the map cannot be changed")
  void mapThatCannotBeChanged_answersSuccessAndDoesNothing() {
    boot(arm64(ArchPolicy.ARM64_FIXED));
    assertThat(map.canSet()).isFalse();
    long writes = kernel.tables().writes();
    assertThat(map.setInvalidNoflush(cpu, 77)).isZero();
    assertThat(map.setValidNoflush(cpu, 77, 3, false)).isZero();
    assertThat(kernel.tables().writes()).isEqualTo(writes);
    assertThat(map.isPresent(cpu, 77)).isTrue();
  }

  @Test
  void pteMappedMap_neverSplits() {
    boot(arm64(ArchPolicy.ARM64_PTE_MAPPED));
    map.replaceSplitTables(new Kernels.FailingTables(kernel.earlyTables(), 0));
    assertThat(map.setInvalidNoflush(cpu, 77)).isZero();
    assertThat(map.isPresent(cpu, 77)).isFalse();
    assertThat(isContiguous(78)).isFalse();
    assertThat(map.splits(2)).isZero();
  }

  @Test
  void split_withoutMemory_isRefusedAndChangesNothing() {
    map.replaceSplitTables(new Kernels.FailingTables(kernel.earlyTables(), 0));
    assertThat(map.setInvalidNoflush(cpu, 77)).isEqualTo(-Errno.ENOMEM);
    assertThat(map.isPresent(cpu, 77)).isTrue();
    map.replaceSplitTables(new Kernels.FailingTables(kernel.earlyTables(), 1));
    assertThat(map.setInvalidNoflush(cpu, 77)).isEqualTo(-Errno.ENOMEM);
    assertThat(map.isPresent(cpu, 77)).isTrue();
    assertThat(map.leaves(2)).isEqualTo(512);
  }

  @Test
  void setMemory_onVmalloc_reachesTheLinearAliasOfEachPage() {
    long va = map.layout().vmallocBase() + GIB;
    mapPages(va, 64 * MIB, 4);
    assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY, va, 2)).isZero();
    assertThat(rights(va)).isEqualTo(Rights.KERNEL_READ);
    assertThat(rights(va + 8192)).isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_WRITE);
    long alias = map.va((64 * MIB) >>> 12);
    assertThat(rights(alias + 4096)).isEqualTo(Rights.KERNEL_READ);
    assertThat(rights(alias + 8192)).isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_WRITE);
    assertThat(map.setMemory(cpu, AttributeChange.READ_WRITE, va, 2)).isZero();
    assertThat(rights(alias)).isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_WRITE);
  }

  @Test
  void setMemory_outsideVmalloc_isRefused() {
    assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY, map.va(77), 1))
        .isEqualTo(-Errno.EINVAL);
    long unmapped = map.layout().vmallocBase() + GIB;
    assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY, unmapped, 1)).isEqualTo(-Errno.EINVAL);
    assertThatThrownBy(() -> map.setMemory(cpu, AttributeChange.GLOBAL, unmapped, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void arm64_hasNoMeminfoLines() {
    assertThat(map.meminfo()).isEmpty();
  }

  @Test
  void riscv_splitsThePartlyCoveredAndFlushesAll() {
    boot(Kernels.withCpus(Kernels.config("riscv64-sv48", "0-2G"), 2));
    Cpu other = kernel.machine().cpu(1);
    assertThat(other.store(map.va(1024), Access.WRITE, 1)).isTrue();
    assertThat(map.setValidNoflush(cpu, 1024, 512, false)).isZero();
    assertThat(map.splits(3)).isEqualTo(1);
    assertThat(map.splits(2)).isZero();
    assertThat(other.store(map.va(1024), Access.WRITE, 2)).isFalse();
    assertThat(total(Counter.FULL_FLUSHES)).isEqualTo(1);
    assertThat(map.setInvalidNoflush(cpu, 2049)).isZero();
    assertThat(map.splits(2)).isEqualTo(1);
    assertThat(map.isPresent(cpu, 2048)).isTrue();
    assertThat(map.isPresent(cpu, 2049)).isFalse();
    assertThat(map.setDefaultNoflush(cpu, 2049)).isZero();
    assertThat(map.isPresent(cpu, 2049)).isTrue();
    assertThat(map.setValidNoflush(cpu, 1024, 512, true)).isZero();
    assertThat(other.store(map.va(1024), Access.WRITE, 3)).isTrue();
  }

  @Test
  void riscv_rangeOverSeveralLeaves_splitsBothEdges() {
    boot(Kernels.withCpus(Kernels.config("riscv64-sv48", "0-4G"), 2));
    assertThat(map.setValidNoflush(cpu, 262143, 2L + 524288, false)).isZero();
    assertThat(map.splits(3)).isEqualTo(2);
    assertThat(map.splits(2)).isEqualTo(2);
    assertThat(map.isPresentNow(262142)).isTrue();
    assertThat(map.isPresentNow(262143)).isFalse();
    assertThat(map.isPresentNow(500_000)).isFalse();
    assertThat(map.isPresentNow(262144 + 524288)).isFalse();
    assertThat(map.isPresentNow(262145 + 524288)).isTrue();
  }

  private void mapPages(long va, long pa, int pages) {
    int rights =
        Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.GLOBAL | Rights.ACCESSED | Rights.DIRTY;
    PageRange range = new PageRange(va, pa, pages * 4096L);
    assertThat(kernel.tables().map(cpu, kernel.rootPa(), range, rights, 1, kernel.earlyTables()))
        .isEqualTo(pages * 4096L);
  }

  private int rights(long va) {
    long translation = kernel.machine().walker().walk(cpu.registers(), va);
    return translation > 0 ? Translation.rights(translation) & Rights.PERMISSIONS : 0;
  }

  private void bootWith(SplitRules rules, String ram) {
    KernelConfig config =
        Kernels.withCpus(Kernels.config("aarch64-4k", ram), 2).withPolicy(ArchPolicy.ARM64);
    boot(config.withDirectMap(config.directMap().withSplitting(rules)));
  }

  /** Rules of 7.1: how far boot has come, whether the other CPU runs and can, and the answer. */
  @ParameterizedTest
  @CsvSource({
    "NO_ALLOCATOR, false, true,  -16",
    "BOOT_CPU,     false, true,  0",
    "BOOT_CPU,     false, false, 0",
    "SECONDARIES,  true,  true,  -16",
    "SECONDARIES,  true,  false, -16",
    "FINAL,        true,  true,  0",
  })
  void split_atBoot_isRefusedWhileNobodyKnows(
      BootPhase phase, boolean isOnline, boolean tolerates, int answer) {
    bootWith(SplitRules.LINUX_7_1, "0-64M");
    kernel.machine().cpu(1).setOnline(isOnline);
    kernel.machine().cpu(1).setToleratesLiveSplits(tolerates);
    map.enter(phase);
    assertThat(map.setValidNoflush(cpu, 5, 4, /* valid= */ false)).isEqualTo(answer);
    for (long pfn = 0; pfn < 16; pfn++) {
      assertThat(map.isPresentNow(pfn)).isEqualTo(answer != 0 || pfn < 5 || pfn > 8);
    }
  }

  @Test
  void split_untilFinalRules_changeNothingAndWarnAtBoot() {
    bootWith(SplitRules.LINUX_6_18, "0-64M");
    map.enter(BootPhase.BOOT_CPU);
    long[] warnings = new long[1];
    kernel
        .machine()
        .events()
        .attach((kind, id, a, b, c) -> warnings[0] += kind == KernelEvent.WARNING ? 1 : 0);
    assertThat(map.setValidNoflush(cpu, 5, 4, /* valid= */ false)).isEqualTo(-Errno.EINVAL);
    kernel.machine().events().drain();
    assertThat(warnings[0]).isEqualTo(1);
    assertThat(map.isPresentNow(5)).isTrue();
  }

  @Test
  void finishBoot_withACpuThatCannot_leavesPagesOnlyAndEverybodyRunning() {
    bootWith(SplitRules.LINUX_7_1, "0-64M");
    kernel.machine().cpu(1).setToleratesLiveSplits(false);
    map.enter(BootPhase.SECONDARIES);
    assertThat(map.leaves(2)).isEqualTo(32);
    assertThat(map.finishBoot(cpu)).isZero();
    assertThat(map.leaves(2)).isZero();
    assertThat(map.leaves(1)).isEqualTo(64 << 8);
    assertThat(isContiguous(700)).isFalse();
    assertThat(kernel.machine().cpu(1).isOnline()).isTrue();
    assertThat(map.setValidNoflush(cpu, 5, 4, /* valid= */ false)).isZero();
    assertThat(map.splits(2)).isEqualTo(32);
  }

  @Test
  void finishBoot_withCpusThatCan_leavesLeaves() {
    bootWith(SplitRules.LINUX_7_1, "0-64M");
    map.enter(BootPhase.SECONDARIES);
    assertThat(map.finishBoot(cpu)).isZero();
    assertThat(map.leaves(2)).isEqualTo(32);
  }

  /** A pool from the page allocator may lie in larger leaves: it is split when it is made. */
  @Test
  void pool_thatCameLate_canBeChangedInAtomicOnlyIfItWasSplit() {
    bootWith(SplitRules.LINUX_7_1, "0-64M");
    assertThat(map.addLatePool(cpu, 1024, 512)).isZero();
    assertThat(map.leaves(2)).isEqualTo(31);
    assertThat(map.setValidInAtomic(cpu, 1030, 1, /* valid= */ false)).isZero();
    assertThat(map.isPresentNow(1030)).isFalse();
    assertThat(map.isPresentNow(1031)).isTrue();

    bootWith(new SplitRules(true, false, SplitRules.Refusal.UNTIL_FINAL), "0-64M");
    assertThat(map.addLatePool(cpu, 1024, 512)).isZero();
    assertThat(map.setValidInAtomic(cpu, 1030, 1, /* valid= */ false)).isEqualTo(-Errno.EINVAL);
  }
}
