package org.pagewright.kernel.tlbflush;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.ExecutionRule;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.IdleState;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;

final class TlbShootdownTest {
  private static final long USER_VA = 0x40_0000;
  private static final int PAGE_SHIFT = 12;
  private static final int CPUS = 4;

  private EarlyKernel kernel = Kernels.early(x86());
  private Cpu cpu = kernel.machine().cpu(0);
  private TlbShootdown shootdown = kernel.shootdown();
  private long contexts = EarlyKernel.KERNEL_CONTEXT;

  private static KernelConfig x86() {
    KernelConfig config = Kernels.config("x86_64-4level", "0-64M");
    return Kernels.withCpus(config.withDirectMap(config.directMap().withLargestLeafLevel(1)), CPUS);
  }

  private void boot(KernelConfig config) {
    kernel.machine().close();
    kernel = Kernels.early(config);
    cpu = kernel.machine().cpu(0);
    shootdown = kernel.shootdown();
  }

  @AfterEach
  void close() {
    kernel.machine().close();
  }

  private Cpu cpu(int id) {
    return kernel.machine().cpu(id);
  }

  private long total(Counter counter) {
    return shootdown.counters().total(counter);
  }

  private long va(long pfn) {
    return kernel.directMap().va(pfn);
  }

  /** An address space that shares the kernel's upper half and maps one user page. */
  private MmTlb space(long userPfn) {
    PteFormat format = kernel.machine().format();
    long rootPa = kernel.tables().allocateTable(cpu, format.topLevel(), kernel.earlyTables());
    for (long i = 256; i < 512; i++) {
      long entry = kernel.tables().peek(kernel.rootPa() + i * 8);
      kernel.tables().writeUnpublished(cpu, rootPa + i * 8, entry);
    }
    PageRange range = new PageRange(USER_VA, userPfn << PAGE_SHIFT, 4096);
    int rights =
        Rights.USER_READ
            | Rights.USER_WRITE
            | Rights.KERNEL_READ
            | Rights.KERNEL_WRITE
            | Rights.USER_PAGE
            | Rights.ACCESSED
            | Rights.DIRTY;
    // Tables of user mappings need the user bit, which kernel tables lack.
    mapUser(rootPa, range, rights);
    return new MmTlb(++contexts, rootPa, rootPa, kernel.machine().cpus());
  }

  private void mapUser(long rootPa, PageRange range, int rights) {
    PteFormat format = kernel.machine().format();
    long tablePa = rootPa;
    for (int level = format.topLevel(); level > 1; level--) {
      long below = kernel.tables().allocateTable(cpu, level - 1, kernel.earlyTables());
      long entryPa = format.entryPa(tablePa, range.va(), level);
      kernel.tables().writeEntry(cpu, entryPa, format.table(level, below));
      tablePa = below;
    }
    long leaf = format.leaf(1, range.pa(), rights);
    kernel.tables().writeEntry(cpu, format.entryPa(tablePa, range.va(), 1), leaf);
  }

  private void unmapUser(MmTlb mm) {
    long slot = kernel.tables().lookup(cpu, mm.rootPa(), USER_VA);
    kernel.tables().writeEntry(cpu, EntrySlot.pa(slot), 0);
  }

  private boolean reads(Cpu reader, long va) {
    return reader.translate(va, Access.READ) > 0;
  }

  private boolean readsAsUser(Cpu reader) {
    return reader.translate(USER_VA, Access.READ | Access.USER) > 0;
  }

  @Nested
  class KernelAddresses {
    /** Pages: invalidated on four CPUs, full invalidations, interrupts. */
    @ParameterizedTest
    @CsvSource({"1, 4, 0, 3", "33, 132, 0, 3", "34, 0, 4, 3", "512, 0, 4, 3"})
    void range_onX86_isPageByPageUpToTheCeiling(long pages, long single, long full, long sent) {
      shootdown.flushKernelRange(cpu, va(100), va(100 + pages));
      assertThat(total(Counter.PAGES_INVALIDATED)).isEqualTo(single);
      assertThat(total(Counter.FULL_INVALIDATIONS)).isEqualTo(full);
      assertThat(total(Counter.INTERRUPTS_SENT)).isEqualTo(sent);
      assertThat(total(Counter.INTERRUPTS_TAKEN)).isEqualTo(sent);
    }

    @Test
    void unmappedPage_isReachableUntilTheFlushAndNotAfter() {
      for (int i = 0; i < CPUS; i++) {
        assertThat(reads(cpu(i), va(500))).isTrue();
      }
      assertThat(kernel.directMap().setInvalidNoflush(cpu, 500)).isZero();
      for (int i = 0; i < CPUS; i++) {
        assertThat(reads(cpu(i), va(500))).as("stale on CPU %d", i).isTrue();
      }
      shootdown.flushKernelRange(cpu, va(500), va(501));
      for (int i = 0; i < CPUS; i++) {
        assertThat(reads(cpu(i), va(500))).as("gone on CPU %d", i).isFalse();
      }
    }

    @Test
    void lazyAndIdleCpus_areInterruptedToo() {
      cpu(1).setLazy(true);
      cpu(2).setIdleState(IdleState.C6);
      assertThat(reads(cpu(1), va(500))).isTrue();
      assertThat(reads(cpu(2), va(500))).isTrue();
      assertThat(kernel.directMap().setInvalidNoflush(cpu, 500)).isZero();
      shootdown.flushKernelRange(cpu, va(500), va(501));
      assertThat(reads(cpu(1), va(500))).isFalse();
      assertThat(reads(cpu(2), va(500))).isFalse();
      assertThat(shootdown.counters().of(1, Counter.INTERRUPTS_TAKEN)).isEqualTo(1);
      assertThat(shootdown.counters().of(2, Counter.INTERRUPTS_TAKEN)).isEqualTo(1);
    }

    @Test
    void time_isAccountedToWhoSpendsIt() {
      shootdown.flushKernelRange(cpu, va(500), va(501));
      FlushCounters counters = shootdown.counters();
      assertThat(counters.of(0, Counter.OWN_CYCLES)).isEqualTo(1);
      assertThat(counters.of(0, Counter.WAIT_CYCLES)).isPositive();
      assertThat(counters.of(0, Counter.STOLEN_CYCLES)).isZero();
      assertThat(counters.of(1, Counter.STOLEN_CYCLES)).isEqualTo(1);
      assertThat(counters.of(1, Counter.OWN_CYCLES)).isZero();
      counters.reset();
      assertThat(counters.of(1, Counter.STOLEN_CYCLES)).isZero();
    }

    @Test
    void broadcastOnX86_interruptsNobody() {
      boot(x86().withPolicy(ArchPolicy.X86_64_INVLPGB));
      assertThat(reads(cpu(3), va(500))).isTrue();
      assertThat(kernel.directMap().setInvalidNoflush(cpu, 500)).isZero();
      shootdown.flushKernelRange(cpu, va(490), va(507));
      assertThat(reads(cpu(3), va(500))).isFalse();
      assertThat(total(Counter.BROADCASTS)).isEqualTo(3);
      assertThat(total(Counter.INTERRUPTS_SENT)).isZero();
    }

    /** Pages: range operations and single ones on arm64. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "3, 2", "64, 1", "65, 2", "512, 1", "515, 3", "2097152, 1"})
    void range_onArm64_needsFewOperations(long pages, long operations) {
      KernelConfig config = Kernels.config("aarch64-4k", "0-64M");
      boot(Kernels.withCpus(config, CPUS));
      shootdown.flushKernelRange(cpu, va(0), va(pages));
      assertThat(total(Counter.BROADCASTS)).isEqualTo(operations);
      assertThat(total(Counter.FULL_FLUSHES)).isZero();
      assertThat(cpu.mmu().pendingInvalidations()).isZero();
    }

    /** Pages: operations, full flushes. */
    @ParameterizedTest
    @CsvSource({"1, 1, 0", "511, 511, 0", "512, 1, 1"})
    void range_onArm64WithoutRangeOperations_isPageByPage(long pages, long operations, long full) {
      KernelConfig config = Kernels.withCpus(Kernels.config("aarch64-4k", "0-64M"), CPUS);
      boot(config.withPolicy(ArchPolicy.ARM64.withRangeFlushPages(0)));
      assertThat(reads(cpu(1), va(0))).isTrue();
      assertThat(kernel.directMap().setInvalidNoflush(cpu, 0)).isZero();
      shootdown.flushKernelRange(cpu, va(0), va(pages));
      assertThat(reads(cpu(1), va(0))).isFalse();
      assertThat(total(Counter.BROADCASTS)).isEqualTo(operations);
      assertThat(total(Counter.FULL_FLUSHES)).isEqualTo(full);
    }

    @Test
    void range_onArm64AboveTheLimit_flushesAll() {
      boot(Kernels.withCpus(Kernels.config("aarch64-4k", "0-64M"), CPUS));
      shootdown.flushKernelRange(cpu, va(0), va(2097153));
      assertThat(total(Counter.FULL_FLUSHES)).isEqualTo(1);
    }

    @Test
    @BreaksProperty(value = "execution-rules", because = "it is what is reported")
    void initiator_withInterruptsOff_isReported() {
      List<ExecutionRule> broken = new ArrayList<>();
      kernel
          .machine()
          .events()
          .attach((kind, id, a, b, c) -> {
            if (kind == HardwareEvent.CONTEXT_RULE) {
              broken.add(ExecutionRule.of(a));
            }
          });
      cpu.disableInterrupts();
      shootdown.flushAll(cpu);
      cpu.enableInterrupts();
      kernel.machine().events().drain();
      assertThat(broken).contains(ExecutionRule.IPI_WAIT_WITH_INTERRUPTS_OFF);
    }

    @Test
    @BreaksProperty(value = "execution-rules", because = "it is what is counted")
    void target_thatCannotAnswer_isCounted() {
      cpu(2).disableInterrupts();
      shootdown.flushAll(cpu);
      assertThat(total(Counter.NEVER_ACKNOWLEDGED)).isEqualTo(1);
      cpu(2).enableInterrupts();
      assertThat(total(Counter.INTERRUPTS_TAKEN)).isEqualTo(3);
    }
  }

  @Nested
  class AddressSpaces {
    private final MmTlb mm = space(600);

    @Test
    void flush_interruptsOnlyWhereTheAddressSpaceRuns() {
      shootdown.switchMm(cpu, mm);
      shootdown.switchMm(cpu(1), mm);
      assertThat(readsAsUser(cpu(1))).isTrue();
      unmapUser(mm);
      assertThat(readsAsUser(cpu(1))).as("stale").isTrue();
      shootdown.flushMmRange(cpu, mm, USER_VA, USER_VA + 4096, PAGE_SHIFT, false);
      assertThat(readsAsUser(cpu(1))).isFalse();
      assertThat(total(Counter.INTERRUPTS_SENT)).isEqualTo(1);
      assertThat(total(Counter.PAGES_INVALIDATED)).isEqualTo(2);
    }

    @Test
    void flush_whereNobodyElseRuns_interruptsNobody() {
      shootdown.switchMm(cpu, mm);
      shootdown.flushMm(cpu, mm);
      assertThat(total(Counter.INTERRUPTS_SENT)).isZero();
      assertThat(total(Counter.FULL_INVALIDATIONS)).isEqualTo(1);
    }

    @Test
    void lazyCpu_isSparedAndCatchesUp() {
      shootdown.switchMm(cpu, mm);
      shootdown.switchMm(cpu(1), mm);
      assertThat(readsAsUser(cpu(1))).isTrue();
      shootdown.enterLazy(cpu(1));
      unmapUser(mm);
      shootdown.flushMmRange(cpu, mm, USER_VA, USER_VA + 4096, PAGE_SHIFT, false);
      assertThat(total(Counter.INTERRUPTS_SENT)).isZero();
      shootdown.switchMm(cpu(1), mm);
      assertThat(readsAsUser(cpu(1))).isFalse();
    }

    @Test
    void lazyCpu_whenTablesWereFreed_isInterruptedAndLeaves() {
      shootdown.switchMm(cpu, mm);
      shootdown.switchMm(cpu(1), mm);
      shootdown.enterLazy(cpu(1));
      shootdown.flushMm(cpu, mm);
      assertThat(total(Counter.INTERRUPTS_SENT)).isEqualTo(1);
      assertThat(shootdown.state(1).loaded()).isSameAs(shootdown.kernelMm());
      assertThat(cpu(1).isLazy()).isFalse();
    }

    @Test
    void cpuThatLeft_isInterruptedOnceMoreAndLeavesTheMask() {
      shootdown.switchMm(cpu(1), mm);
      shootdown.switchMm(cpu(1), shootdown.kernelMm());
      assertThat(mm.mayBeCachedBy(1)).isTrue();
      shootdown.switchMm(cpu, mm);
      shootdown.flushMm(cpu, mm);
      assertThat(total(Counter.INTERRUPTS_SENT)).isEqualTo(1);
      assertThat(mm.mayBeCachedBy(1)).isFalse();
    }

    @Test
    void slot_ofAnOlderGeneration_isFlushedAtTheNextSwitch() {
      shootdown.switchMm(cpu(1), mm);
      assertThat(readsAsUser(cpu(1))).isTrue();
      shootdown.switchMm(cpu(1), shootdown.kernelMm());
      unmapUser(mm);
      shootdown.flushMmRange(cpu, mm, USER_VA, USER_VA + 4096, PAGE_SHIFT, false);
      assertThat(total(Counter.INTERRUPTS_SENT)).isZero();
      shootdown.switchMm(cpu(1), mm);
      assertThat(readsAsUser(cpu(1))).isFalse();
    }

    @Test
    void slot_ofTheSameGeneration_isKeptOverASwitch() {
      shootdown.switchMm(cpu(1), mm);
      assertThat(readsAsUser(cpu(1))).isTrue();
      shootdown.switchMm(cpu(1), shootdown.kernelMm());
      unmapUser(mm);
      shootdown.switchMm(cpu(1), mm);
      assertThat(readsAsUser(cpu(1))).as("nobody flushed").isTrue();
    }

    @Test
    void seventhAddressSpace_takesTheOldestSlot() {
      shootdown.switchMm(cpu, mm);
      int first = shootdown.state(0).slot();
      for (int i = 0; i < CpuTlbState.SLOTS; i++) {
        shootdown.switchMm(cpu, space(601 + i));
      }
      assertThat(shootdown.state(0).slot()).isEqualTo(first);
      unmapUser(mm);
      shootdown.switchMm(cpu, mm);
      assertThat(readsAsUser(cpu)).as("slot was lost, so flushed").isFalse();
    }

    @Test
    void secondFlushBehind_isAFullOne() {
      shootdown.switchMm(cpu, mm);
      shootdown.switchMm(cpu(1), mm);
      shootdown.enterLazy(cpu(1));
      shootdown.flushMmRange(cpu, mm, USER_VA, USER_VA + 4096, PAGE_SHIFT, false);
      cpu(1).setLazy(false);
      shootdown.counters().reset();
      shootdown.flushMmRange(cpu, mm, USER_VA, USER_VA + 4096, PAGE_SHIFT, false);
      assertThat(shootdown.counters().of(1, Counter.FULL_INVALIDATIONS)).isEqualTo(1);
      assertThat(shootdown.counters().of(0, Counter.FULL_INVALIDATIONS)).isZero();
    }
  }

  /** What clearing Present costs for good: entries that are no longer global. */
  @Nested
  class LostGlobal {
    private boolean survivesInAnotherPcid(KernelConfig config) {
      boot(config);
      MmTlb first = space(600);
      MmTlb second = space(601);
      assertThat(kernel.directMap().setInvalidNoflush(cpu, 500)).isZero();
      assertThat(kernel.directMap().setDefaultNoflush(cpu, 500)).isZero();
      Cpu other = cpu(1);
      shootdown.switchMm(other, first);
      assertThat(reads(other, va(500))).isTrue();
      shootdown.switchMm(other, second);
      assertThat(kernel.directMap().setInvalidNoflush(cpu, 500)).isZero();
      shootdown.flushKernelRange(cpu, va(500), va(501));
      shootdown.switchMm(other, first);
      return reads(other, va(500));
    }

    @Test
    @BreaksProperty(
        value = "flushes-complete",
        because = "an entry is not global although it should be")
    void staleEntry_ofAnotherPcid_survivesAPageFlushWithoutIsolation() {
      assertThat(survivesInAnotherPcid(x86())).isTrue();
    }

    @Test
    @BreaksProperty(value = "flushes-complete", because = "the entry goes later than the flush")
    void staleEntry_withIsolation_goesWithTheNextSwitch() {
      assertThat(survivesInAnotherPcid(x86().withIsolation(true))).isFalse();
    }

    @Test
    void staleEntry_withoutPcids_goesWithEverySwitch() {
      assertThat(survivesInAnotherPcid(x86().withAddressSpaceNumbers(false))).isFalse();
    }

    @Test
    void staleEntry_whenGlobalIsKept_goesWithThePageFlush() {
      KernelConfig config = x86();
      assertThat(
              survivesInAnotherPcid(config.withDirectMap(config.directMap().withKeepGlobal(true))))
          .isFalse();
    }
  }

  @Test
  void isolation_makesKernelMappingsNotGlobal() {
    boot(x86().withIsolation(true));
    assertThat(kernel.directMap().entryNow(500) & 1L << 8).isZero();
  }
}
