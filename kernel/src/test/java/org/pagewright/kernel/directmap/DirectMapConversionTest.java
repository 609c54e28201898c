package org.pagewright.kernel.directmap;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.ExecutionRule;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.alloc.AllocFlags;
import org.pagewright.kernel.alloc.AllocatorVerifier;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;

/** Pools of unmapped pages: the allocator's freetypes and the direct map tell the same story. */
final class DirectMapConversionTest {
  private static final int BLOCK_PAGES = 512;

  private KernelMachine kernel = KernelMachine.boot(config("x86_64-4level", 3, "0-64M"));
  private Cpu cpu = kernel.cpu(0);

  private static KernelConfig config(String format, int leaf, String map) {
    KernelConfig config = Kernels.withCpus(Kernels.config(format, map), 2);
    return config.withDirectMap(config.directMap().withLargestLeafLevel(leaf));
  }

  private void boot(KernelConfig config) {
    kernel.close();
    kernel = KernelMachine.boot(config);
    cpu = kernel.cpu(0);
  }

  @AfterEach
  void flagsAgreeWithTheDirectMap() {
    requireAgreement();
    assertThat(cpu.lockDepth()).isZero();
    kernel.close();
  }

  /** Every frame: the flag of its pageblock says whether the direct map lacks it. */
  private void requireAgreement() {
    assertThat(
            AllocatorVerifier.firstBroken(
                kernel.allocator(), pfn -> kernel.directMap().isPresentNow(pfn)))
        .isNull();
    long frames = kernel.allocator().config().frames();
    for (long pfn = 1; pfn < frames; pfn++) {
      if (kernel.machine().memory().isRam(pfn << 12)
          && kernel.directMap().isPresentNow(pfn) == kernel.allocator().isUnmapped(pfn)) {
        assertThat(kernel.allocator().isUnmapped(pfn))
            .as("frame %d: flag and presence", pfn)
            .isNotEqualTo(kernel.directMap().isPresentNow(pfn));
      }
    }
  }

  private long allocateUnmapped(int order) {
    return kernel.allocator().allocate(cpu, Gfp.KERNEL, order, AllocFlags.UNMAPPED);
  }

  private long total(Counter counter) {
    return kernel.shootdown().counters().total(counter);
  }

  /** KUnit "alloc_map_unmap" of the series (v2, March 2026). */
  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, 3",
    "x86_64-4level, 2",
    "x86_64-4level, 1",
    "aarch64-4k, 3",
    "riscv64-sv48, 3"
  })
  void moreThanHalfOfMemory_unmappedThenMapped_isAbsentThenPresent(String format, int leaf) {
    boot(config(format, leaf, "0-64M"));
    long half = kernel.allocator().freePages() / 2 + 1;
    List<Long> taken = new ArrayList<>();
    for (long i = 0; i < half; i++) {
      long pfn = allocateUnmapped(0);
      assertThat(pfn).as("request %d", i).isNotEqualTo(PageAllocator.NONE);
      assertThat(kernel.directMap().isPresent(cpu, pfn)).as("frame %d", pfn).isFalse();
      assertThat(kernel.allocator().isUnmapped(pfn)).as("block of frame %d", pfn).isTrue();
      taken.add(pfn);
    }
    requireAgreement();
    for (long pfn : taken) {
      kernel.allocator().free(cpu, pfn, 0);
    }
    long unmapped = kernel.conversion().unmappedBlocks();
    for (long i = 0; i < half; i++) {
      long pfn = kernel.allocator().allocate(cpu, Gfp.KERNEL, 0);
      assertThat(pfn).as("request %d", i).isNotEqualTo(PageAllocator.NONE);
      assertThat(kernel.directMap().isPresent(cpu, pfn)).as("frame %d", pfn).isTrue();
      assertThat(kernel.allocator().isUnmapped(pfn)).as("block of frame %d", pfn).isFalse();
    }
    assertThat(kernel.conversion().mappedBlocks()).as("forced back").isPositive();
    assertThat(kernel.conversion().unmappedBlocks()).isEqualTo(unmapped);
    assertThat(kernel.directMap().splitDepthMax()).isLessThanOrEqualTo(1);
  }

  @Test
  void firstRequest_paysForTheBlock_theOthersForNothing() {
    kernel.shootdown().counters().reset();
    long first = allocateUnmapped(0);
    // The 2M leaf changes in place; 512 pages are above the limit of 33.
    assertThat(total(Counter.FULL_FLUSHES)).isEqualTo(1);
    assertThat(total(Counter.FULL_INVALIDATIONS)).isEqualTo(2);
    for (int i = 1; i < BLOCK_PAGES; i++) {
      long pfn = allocateUnmapped(0);
      assertThat(pfn / BLOCK_PAGES).isEqualTo(first / BLOCK_PAGES);
    }
    assertThat(total(Counter.KERNEL_FLUSHES)).isEqualTo(1);
    assertThat(kernel.conversion().unmappedBlocks()).isEqualTo(1);
    assertThat(allocateUnmapped(0) / BLOCK_PAGES).isNotEqualTo(first / BLOCK_PAGES);
    assertThat(kernel.conversion().unmappedBlocks()).isEqualTo(2);
  }

  @Test
  void blockInAHugeLeaf_splitsItOnceWithAMappedTable() {
    boot(config("x86_64-4level", 3, "0-2G"));
    List<Long> tables = new ArrayList<>();
    TableSource[] before = new TableSource[1];
    before[0] =
        kernel
            .directMap()
            .replaceSplitTables(
                new TableSource() {
                  @Override
                  public long allocate(Cpu asking, int level) {
                    long tablePa = before[0].allocate(asking, level);
                    tables.add(tablePa >>> 12);
                    return tablePa;
                  }

                  @Override
                  public void free(Cpu asking, long tablePa, int level) {
                    before[0].free(asking, tablePa, level);
                  }
                });
    long huge = kernel.directMap().leaves(3);
    for (int i = 0; i < 3 * BLOCK_PAGES; i++) {
      assertThat(allocateUnmapped(0)).isNotEqualTo(PageAllocator.NONE);
    }
    assertThat(kernel.directMap().leaves(3)).isEqualTo(huge - 1);
    assertThat(kernel.directMap().splits(2)).isZero();
    assertThat(tables).hasSize(1);
    assertThat(kernel.allocator().isUnmapped(tables.getFirst())).isFalse();
    assertThat(kernel.directMap().isPresentNow(tables.getFirst())).isTrue();
  }

  @Test
  void orderTen_inOneRequest_isOneConversion() {
    long pfn = allocateUnmapped(10);
    assertThat(pfn).isNotEqualTo(PageAllocator.NONE);
    assertThat(kernel.conversion().unmappedBlocks()).isEqualTo(1);
    assertThat(kernel.directMap().isPresentNow(pfn + 1023)).isFalse();
  }

  @Test
  void splitWithoutMemory_failsTheRequestAndLeavesEverythingAsItWas() {
    boot(config("x86_64-4level", 3, "0-1G"));
    long free = kernel.allocator().freePages();
    TableSource source =
        kernel
            .directMap()
            .replaceSplitTables(new Kernels.FailingTables(kernel.tablePages(), /* left= */ 0));
    assertThat(allocateUnmapped(0)).isEqualTo(PageAllocator.NONE);
    assertThat(kernel.conversion().failures()).isPositive();
    assertThat(kernel.allocator().freePages() + kernel.allocator().pcpPages()).isEqualTo(free);
    requireAgreement();
    TableSource failing = kernel.directMap().replaceSplitTables(source);
    assertThat(failing).isNotSameAs(source);
    assertThat(allocateUnmapped(0)).isNotEqualTo(PageAllocator.NONE);
  }

  @Test
  void requestThatCannotBlock_convertsNothing() {
    long pfn = kernel.allocator().allocate(cpu, Gfp.ATOMIC, 0, AllocFlags.UNMAPPED);
    assertThat(pfn).isEqualTo(PageAllocator.NONE);
    assertThat(kernel.conversion().unmappedBlocks()).isZero();
    long pooled = allocateUnmapped(0);
    assertThat(pooled).isNotEqualTo(PageAllocator.NONE);
    pfn = kernel.allocator().allocate(cpu, Gfp.ATOMIC, 0, AllocFlags.UNMAPPED);
    assertThat(pfn).as("from the pool").isNotEqualTo(PageAllocator.NONE);
  }

  @Test
  void mapThatCannotBeChanged_hasNoUnmappedPages() {
    KernelConfig config = Kernels.config("aarch64-4k", "0-64M");
    boot(config.withPolicy(ArchPolicy.ARM64_FIXED));
    assertThat(kernel.conversion().isPossible()).isFalse();
    assertThat(allocateUnmapped(0)).isEqualTo(PageAllocator.NONE);
  }

  @Test
  void staleTranslation_afterConversion_isGoneOnEveryCpu() {
    assertThat(staleAfterConversion(/* flushes= */ true)).isFalse();
  }

  @Test
  @BreaksProperty(value = "attributes-in-effect", because = "the flush is skipped")
  void staleTranslation_whenTheFlushIsSkipped_isVisible() {
    assertThat(staleAfterConversion(/* flushes= */ false)).isTrue();
  }

  private boolean staleAfterConversion(boolean flushes) {
    Cpu other = kernel.cpu(1);
    long pfn = 4 * BLOCK_PAGES;
    assertThat(other.store(kernel.directMap().va(pfn), Access.WRITE, 1)).isTrue();
    DirectMapConversion conversion =
        new DirectMapConversion(kernel.directMap(), kernel.shootdown(), kernel.machine().events()) {
          @Override
          protected void flush(Cpu initiator, long from, long to) {
            if (flushes) {
              super.flush(initiator, from, to);
            }
          }
        };
    assertThat(conversion.convert(cpu, pfn, 9, /* unmaps= */ true)).isZero();
    boolean isStale = other.store(kernel.directMap().va(pfn), Access.WRITE, 2);
    assertThat(conversion.convert(cpu, pfn, 9, /* unmaps= */ false)).isZero();
    assertThat(other.store(kernel.directMap().va(pfn), Access.WRITE, 3)).isTrue();
    return isStale;
  }

  @Test
  void mapBack_flushesNothing() {
    assertThat(kernel.conversion().convert(cpu, 4096, 9, /* unmaps= */ true)).isZero();
    kernel.shootdown().counters().reset();
    assertThat(kernel.conversion().convert(cpu, 4096, 9, /* unmaps= */ false)).isZero();
    assertThat(total(Counter.KERNEL_FLUSHES)).isZero();
    assertThat(kernel.conversion().mappedBlocks()).isEqualTo(1);
  }

  @Test
  @BreaksProperty(value = "execution-rules", because = "it is what is reported")
  void conversion_withInterruptsOff_isReported() {
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
    assertThat(kernel.conversion().convert(cpu, 4096, 9, /* unmaps= */ true)).isZero();
    assertThat(kernel.conversion().convert(cpu, 4096, 9, /* unmaps= */ false)).isZero();
    cpu.enableInterrupts();
    kernel.machine().events().drain();
    assertThat(broken)
        .contains(ExecutionRule.SLEEP_IN_ATOMIC, ExecutionRule.IPI_WAIT_WITH_INTERRUPTS_OFF);
  }

  @Test
  void failedConversion_saysWhy() {
    boot(config("x86_64-4level", 3, "0-1G"));
    TableSource before =
        kernel
            .directMap()
            .replaceSplitTables(new Kernels.FailingTables(kernel.tablePages(), /* left= */ 0));
    assertThat(kernel.conversion().convert(cpu, 4096, 9, /* unmaps= */ true))
        .isEqualTo(-Errno.ENOMEM);
    assertThat(kernel.directMap().replaceSplitTables(before)).isNotSameAs(before);
  }

  /** The stress test of the series: both directions, mixed orders, frees in any order. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void randomRequests_ofBothKinds_keepFlagsAndDirectMapTogether(int seed) {
    SeededChoices choices = new SeededChoices(seed);
    List<long[]> taken = new ArrayList<>();
    for (int i = 0; i < 6000; i++) {
      Cpu runner = kernel.cpu(choices.pick(2, "cpu"));
      boolean mostlyUnmapped = i / 1000 % 2 == 0;
      boolean isUnmapped = choices.pick(10, "unmapped") < (mostlyUnmapped ? 9 : 1);
      int order = choices.pick(8, "large") == 0 ? choices.pick(11, "order") : 0;
      if (!allocate(runner, order, isUnmapped, taken)) {
        free(runner, taken, choices, /* blocks= */ taken.size() / 2);
      }
      free(runner, taken, choices, choices.pick(3, "free") / 2);
      if (i % 500 == 0) {
        requireAgreement();
      }
    }
    assertThat(kernel.conversion().unmappedBlocks()).isPositive();
    assertThat(kernel.conversion().mappedBlocks()).isPositive();
  }

  private boolean allocate(Cpu runner, int order, boolean isUnmapped, List<long[]> taken) {
    int flags = isUnmapped ? AllocFlags.UNMAPPED : 0;
    long pfn = kernel.allocator().allocate(runner, Gfp.KERNEL, order, flags);
    if (pfn == PageAllocator.NONE) {
      return false;
    }
    assertThat(kernel.directMap().isPresentNow(pfn)).isEqualTo(!isUnmapped);
    assertThat(kernel.directMap().isPresentNow(pfn + (1L << order) - 1)).isEqualTo(!isUnmapped);
    taken.add(new long[] {pfn, order});
    return true;
  }

  private void free(Cpu runner, List<long[]> taken, SeededChoices choices, int blocks) {
    for (int i = 0; i < blocks && !taken.isEmpty(); i++) {
      long[] block = taken.remove(choices.pick(taken.size(), "which"));
      kernel.allocator().free(runner, block[0], (int) block[1]);
    }
  }
}
