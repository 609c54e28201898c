package org.pagewright.kernel.directmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.directmap.DirectMapConfig.AttributeFlush;
import org.pagewright.kernel.directmap.DirectMapConfig.Collapse;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.tlbflush.FlushCounters.Counter;

final class ChangePageAttributesTest {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;
  private static final int LARGE_PAGES = 512;

  private KernelConfig config = Kernels.withCpus(Kernels.config("x86_64-4level", "0-4G"), 2);
  private EarlyKernel kernel = Kernels.early(config);
  private Cpu cpu = kernel.machine().cpu(0);
  private DirectMap map = kernel.directMap();

  private void boot(KernelConfig other) {
    kernel.machine().close();
    config = other;
    kernel = Kernels.early(other);
    cpu = kernel.machine().cpu(0);
    map = kernel.directMap();
  }

  private void boot(DirectMapConfig other) {
    boot(config.withDirectMap(other));
  }

  @AfterEach
  void countersAgreeWithTables() {
    long small = 0;
    long large = 0;
    long huge = 0;
    for (long pfn = 0; pfn < (4 * GIB) >>> 12; pfn += 1L << (9 * (map.levelNow(pfn) - 1))) {
      switch (map.levelNow(pfn)) {
        case 1 -> small++;
        case 2 -> large++;
        default -> huge++;
      }
    }
    assertThat(map.leaves(1)).isEqualTo(small);
    assertThat(map.leaves(2)).isEqualTo(large);
    assertThat(map.leaves(3)).isEqualTo(huge);
    assertThat(cpu.lockDepth()).isZero();
    assertThat(cpu.preemptionDepth()).isZero();
    kernel.machine().close();
  }

  private long total(Counter counter) {
    return kernel.shootdown().counters().total(counter);
  }

  private long va(long pa) {
    return map.va(pa >>> 12);
  }

  private int rights(long va) {
    long translation = kernel.machine().walker().walk(cpu.registers(), va);
    return translation > 0 ? Translation.rights(translation) & Rights.PERMISSIONS : 0;
  }

  @Nested
  class InPlaceOrSplit {
    /** Largest leaf, first page, pages: splits of 1G and 2M leaves, entries at the ends. */
    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        textBlock =
            """
            # leaf | first    | pages   | 1G splits | 2M splits
            3      | 262144   | 262144  | 0         | 0
            3      | 262144   | 524288  | 0         | 0
            3      | 262144   | 512     | 1         | 0
            3      | 262656   | 1024    | 1         | 0
            3      | 262144   | 1       | 1         | 1
            3      | 262145   | 510     | 1         | 1
            3      | 262145   | 512     | 1         | 2
            3      | 262400   | 1024    | 1         | 2
            3      | 524287   | 2       | 2         | 2
            3      | 261632   | 262656  | 1         | 0
            2      | 262144   | 512     | 0         | 0
            2      | 262144   | 262144  | 0         | 0
            2      | 262143   | 1       | 0         | 1
            2      | 262143   | 2       | 0         | 2
            2      | 262143   | 514     | 0         | 2
            1      | 262143   | 514     | 0         | 0
            """)
    void invalidating_aRange_splitsOnlyItsEdges(
        int leaf, long first, long pages, long hugeSplits, long largeSplits) {
      boot(DirectMapConfig.LINUX_7_0.withLargestLeafLevel(leaf));
      assertThat(map.setValidNoflush(cpu, first, pages, false)).isZero();
      assertThat(map.splits(3)).isEqualTo(hugeSplits);
      assertThat(map.splits(2)).isEqualTo(largeSplits);
      assertThat(map.isPresent(cpu, first - 1)).isTrue();
      assertThat(map.isPresent(cpu, first)).isFalse();
      assertThat(map.isPresent(cpu, first + pages - 1)).isFalse();
      assertThat(map.isPresent(cpu, first + pages)).isTrue();
      assertThat(map.splitDepthMax()).isEqualTo(hugeSplits + largeSplits > 0 ? 1 : 0);
    }

    @Test
    void alignedLargePage_inALargeLeaf_changesOneEntryAndKeepsItsFrame() {
      boot(DirectMapConfig.LINUX_7_0.withLargestLeafLevel(2));
      long pfn = 4096;
      long before = map.entryNow(pfn);
      long writes = kernel.tables().writes();
      assertThat(map.setValidNoflush(cpu, pfn, LARGE_PAGES, false)).isZero();
      assertThat(kernel.tables().writes() - writes).isEqualTo(1);
      long removed = map.entryNow(pfn);
      assertThat(removed).isNotZero();
      assertThat(removed & (X86Entry.PRESENT | X86Entry.LARGE | X86Entry.GLOBAL)).isZero();
      assertThat(X86Entry.pfn(removed, 2)).isEqualTo(pfn);
      assertThat(map.setValidNoflush(cpu, pfn, LARGE_PAGES, true)).isZero();
      assertThat(map.entryNow(pfn)).isEqualTo(before & ~(X86Entry.GLOBAL | X86Entry.DIRTY));
    }

    @Test
    void oneFrameBack_inARemovedLargePage_splitsWhatIsNotPresent() {
      boot(DirectMapConfig.LINUX_7_0.withLargestLeafLevel(2));
      assertThat(map.setValidNoflush(cpu, 4096, LARGE_PAGES, false)).isZero();
      assertThat(map.setDefaultNoflush(cpu, 4100)).isZero();
      assertThat(map.splits(2)).isEqualTo(1);
      for (long pfn = 4096; pfn < 4096 + LARGE_PAGES; pfn++) {
        assertThat(map.isPresentNow(pfn)).isEqualTo(pfn == 4100);
        assertThat(X86Entry.pfn(map.entryNow(pfn), 1)).isEqualTo(pfn);
      }
    }

    @Test
    void removedHugeLeaf_whenSplit_hasNoPieceThatLooksPresent() {
      assertThat(map.setValidNoflush(cpu, 262144, 262144, false)).isZero();
      assertThat(map.setDefaultNoflush(cpu, 262144 + 700)).isZero();
      assertThat(map.isPresentNow(262144 + 700)).isTrue();
      assertThat(map.isPresentNow(262144 + 701)).isFalse();
      assertThat(map.isPresentNow(262144 + 5 * 512)).isFalse();
      assertThat(map.entryNow(262144 + 5 * 512) & X86Entry.LARGE).isZero();
    }

    @Test
    void sameProtection_ofAPartOfALargePage_changesNothing() {
      long writes = kernel.tables().writes();
      assertThat(map.setMemory(cpu, AttributeChange.READ_WRITE, va(GIB + 4096), 3)).isZero();
      assertThat(kernel.tables().writes()).isEqualTo(writes);
      assertThat(map.splits(3)).isZero();
      assertThat(total(Counter.KERNEL_FLUSHES)).isZero();
    }

    @Test
    void holeInTheDirectMap_isSkippedSilently() {
      boot(Kernels.withCpus(Kernels.config("x86_64-4level", "0-2G,3G-4G"), 2));
      assertThat(map.setValidNoflush(cpu, (2 * GIB - 4096) >>> 12, 3, false)).isZero();
      assertThat(map.isPresentNow(((2 * GIB) >>> 12) - 1)).isFalse();
      boot(Kernels.withCpus(Kernels.config("x86_64-4level", "0-4G"), 2));
    }

    @Test
    void addressOfNothing_isAnErrorAndAWarning() {
      long[] seen = new long[1];
      kernel
          .machine()
          .events()
          .attach(
              (kind, id, a, b, c) -> seen[0] += kind == KernelEvent.ATTRIBUTES_OF_NOTHING ? 1 : 0);
      long va = map.layout().vmallocBase();
      assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY, va, 1)).isEqualTo(-Errno.EFAULT);
      kernel.machine().events().drain();
      assertThat(seen[0]).isEqualTo(1);
    }
  }

  @Nested
  class Failures {
    /** Tables before the first failure: what is left of a request for 512 pages at page 1. */
    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "2, 511", "3, 512"})
    void invalidating_whenTablesRunOut_keepsWhatIsDone(int tables, long removed) {
      Kernels.FailingTables source = new Kernels.FailingTables(kernel.earlyTables(), tables);
      map.replaceSplitTables(source);
      int error = map.setValidNoflush(cpu, 262145, 512, false);
      assertThat(error).isEqualTo(removed == 512 ? 0 : -Errno.ENOMEM);
      long gone = 0;
      for (long pfn = 262144; pfn < 262144 + 2 * LARGE_PAGES; pfn++) {
        gone += map.isPresentNow(pfn) ? 0 : 1;
      }
      assertThat(gone).isEqualTo(removed);
      assertThat(map.splitFailures()).isEqualTo(removed == 512 ? 0 : 1);
      assertThat(source.given()).isEqualTo(Math.min(tables, 3));
    }

    @Test
    void setMemory_whenASplitFails_flushesEverything() {
      map.replaceSplitTables(new Kernels.FailingTables(kernel.earlyTables(), 2));
      int error = map.setMemory(cpu, AttributeChange.READ_ONLY, va(GIB + 4096), 512);
      assertThat(error).isEqualTo(-Errno.ENOMEM);
      // Two splits and the final flush on the error path.
      assertThat(total(Counter.FULL_FLUSHES)).isEqualTo(3);
      assertThat(rights(va(GIB + 4096))).isEqualTo(Rights.KERNEL_READ);
    }

    @Test
    void alignedLargePage_belowALargeLeaf_needsNoMemory() {
      boot(DirectMapConfig.LINUX_7_0.withLargestLeafLevel(2));
      map.replaceSplitTables(new Kernels.FailingTables(kernel.earlyTables(), 0));
      assertThat(map.setValidNoflush(cpu, 1024, LARGE_PAGES, false)).isZero();
    }
  }

  @Nested
  class Flushes {
    @Test
    void noflush_withoutSplit_flushesNothing() {
      boot(DirectMapConfig.LINUX_7_0.withLargestLeafLevel(1));
      assertThat(map.setInvalidNoflush(cpu, 77)).isZero();
      assertThat(total(Counter.KERNEL_FLUSHES)).isZero();
    }

    @Test
    void split_flushesEverythingOnEveryCpu() {
      assertThat(map.setInvalidNoflush(cpu, 262144)).isZero();
      assertThat(total(Counter.FULL_FLUSHES)).isEqualTo(2);
      assertThat(total(Counter.FULL_INVALIDATIONS)).isEqualTo(4);
      assertThat(total(Counter.INTERRUPTS_TAKEN)).isEqualTo(2);
    }

    /** Pages, form of the flush: pages invalidated one by one on both CPUs, full flushes. */
    @ParameterizedTest
    @CsvSource({"1,RANGE,2,0", "33,RANGE,66,0", "34,RANGE,0,1", "33,PAGES,66,0", "34,PAGES,0,1"})
    void setMemory_flushesAsItsVersionDoes(
        long pages, AttributeFlush form, long invalidated, long full) {
      boot(DirectMapConfig.LINUX_7_0.withLargestLeafLevel(1).withFlush(form));
      assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY, va(GIB), pages)).isZero();
      assertThat(total(Counter.PAGES_INVALIDATED)).isEqualTo(invalidated);
      assertThat(total(Counter.FULL_FLUSHES)).isEqualTo(full);
    }

    @Test
    void pageArray_in7_0_leavesStaleTranslationsBehind() {
      assertThat(staleAfterPageArray(AttributeFlush.RANGE)).isTrue();
      assertThat(staleAfterPageArray(AttributeFlush.PAGES)).isFalse();
    }

    private boolean staleAfterPageArray(AttributeFlush form) {
      boot(DirectMapConfig.LINUX_7_0.withLargestLeafLevel(1).withFlush(form));
      long near = va(GIB);
      long far = va(2 * GIB);
      Cpu other = kernel.machine().cpu(1);
      assertThat(other.store(far, Access.WRITE, 1)).isTrue();
      assertThat(map.setMemoryScattered(cpu, AttributeChange.READ_ONLY, new long[] {near, far}))
          .isZero();
      return other.store(far, Access.WRITE, 2);
    }
  }

  @Nested
  class Aliases {
    private final long alias = map.layout().vmallocBase() + 64 * MIB;

    @Test
    void vmallocAlias_madeReadOnly_splitsTheDirectMapAndFlushesAll() {
      long frame = GIB + 5 * 4096;
      mapAlias(frame);
      assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY, alias, 1)).isZero();
      assertThat(rights(alias)).isEqualTo(Rights.KERNEL_READ);
      assertThat(rights(va(frame))).isEqualTo(Rights.KERNEL_READ);
      assertThat(rights(va(frame + 4096))).isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_WRITE);
      assertThat(map.splits(3)).isEqualTo(1);
      assertThat(map.splits(2)).isEqualTo(1);
      assertThat(total(Counter.FULL_FLUSHES)).isEqualTo(3);
    }

    @Test
    void vmallocAlias_madeExecutable_leavesTheDirectMapAlone() {
      mapAlias(GIB);
      assertThat(map.setMemory(cpu, AttributeChange.EXECUTABLE, alias, 1)).isZero();
      assertThat(rights(alias) & Rights.KERNEL_EXECUTE).isNotZero();
      assertThat(rights(va(GIB)) & Rights.KERNEL_EXECUTE).isZero();
      assertThat(map.splits(3)).isZero();
      assertThat(map.writeAndExecute()).isEqualTo(1);
    }

    @Test
    void aliasThatAloneChanges_isNotFlushed() {
      boot(DirectMapConfig.LINUX_7_0.withLargestLeafLevel(1));
      mapAlias(GIB);
      long bits = X86Entry.WRITE | X86Entry.DIRTY;
      long changed = kernel.tables().protect(cpu, kernel.rootPa(), alias, 4096, 0, bits);
      assertThat(changed).isEqualTo(1);
      Cpu other = kernel.machine().cpu(1);
      assertThat(other.store(va(GIB), Access.WRITE, 1)).isTrue();
      assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY, alias, 1)).isZero();
      // The address given was read-only already, so nobody asks for a flush of the direct map.
      assertThat(rights(va(GIB))).isEqualTo(Rights.KERNEL_READ);
      assertThat(total(Counter.KERNEL_FLUSHES)).isZero();
      assertThat(other.store(va(GIB), Access.WRITE, 2)).as("stale translation").isTrue();
    }

    private void mapAlias(long frame) {
      PageRange range = new PageRange(alias, frame, 4096);
      int rights =
          Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.GLOBAL | Rights.ACCESSED | Rights.DIRTY;
      assertThat(kernel.tables().map(cpu, kernel.rootPa(), range, rights, 1, kernel.earlyTables()))
          .isEqualTo(4096);
    }

    @Test
    void frameOfTheImage_changedInTheDirectMap_reachesTheHighMapping() {
      boot(config.withImage(KernelImage.at(16 * MIB)));
      long data = 60 * MIB;
      assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY, va(data), 1)).isZero();
      assertThat(rights(map.layout().imageBase() + data) & Rights.KERNEL_WRITE).isZero();
      assertThat(rights(map.layout().imageBase() + data + 4096) & Rights.KERNEL_WRITE).isNotZero();
    }

    @Test
    @BreaksProperty(
        value = "attributes-in-effect",
        because = "kernel text stays executable, whatever is asked")
    void readOnlyData_onceProtected_staysReadOnly() {
      boot(config.withImage(KernelImage.at(16 * MIB)));
      assertThat(map.protectImage(cpu)).isZero();
      long rodata = 16 * MIB + 25 * MIB;
      assertThat(map.setMemory(cpu, AttributeChange.READ_WRITE, va(rodata), 1)).isZero();
      assertThat(rights(va(rodata))).isEqualTo(Rights.KERNEL_READ);
      long text = map.layout().imageBase() + 16 * MIB;
      assertThat(map.setMemory(cpu, AttributeChange.NOT_EXECUTABLE, text, 1)).isZero();
      assertThat(rights(text) & Rights.KERNEL_EXECUTE).isNotZero();
    }
  }

  @Nested
  class Collapsing {
    private void mapModule(long va, long pa, long bytes) {
      int rights =
          Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.GLOBAL | Rights.ACCESSED | Rights.DIRTY;
      PageRange range = new PageRange(va, pa, bytes);
      assertThat(kernel.tables().map(cpu, kernel.rootPa(), range, rights, 1, kernel.earlyTables()))
          .isEqualTo(bytes);
    }

    @Test
    void readOnlyExecutable_ofAWholeLargePage_collapsesThereButNotInTheDirectMap() {
      Kernels.FailingTables source = new Kernels.FailingTables(kernel.earlyTables(), 100);
      map.replaceSplitTables(source);
      long module = map.layout().vmallocBase() + 2 * GIB;
      mapModule(module, GIB, 2 * MIB);
      assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY_EXECUTABLE, module, 512)).isZero();
      long slot = kernel.tables().lookup(cpu, kernel.rootPa(), module);
      assertThat(EntrySlot.level(slot)).isEqualTo(2);
      assertThat(rights(module)).isEqualTo(Rights.KERNEL_READ | Rights.KERNEL_EXECUTE);
      // The alias changes page by page, so that the direct map is split to 4K and stays so.
      assertThat(map.levelNow(GIB >>> 12)).isEqualTo(1);
      assertThat(map.collapses(2)).isZero();
      // Two tables for splits; the one that the module's pages stood in was given back.
      assertThat(source.given()).isEqualTo(1);
    }

    @Test
    void basePagesMark_forbidsCollapse() {
      long module = map.layout().vmallocBase() + 2 * GIB;
      mapModule(module, GIB, 2 * MIB);
      assertThat(map.setMemory(cpu, AttributeChange.BASE_PAGES, module, 1)).isZero();
      assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY_EXECUTABLE, module, 512)).isZero();
      long slot = kernel.tables().lookup(cpu, kernel.rootPa(), module);
      assertThat(EntrySlot.level(slot)).isEqualTo(1);
    }

    @Test
    void study_withGlobalKept_bringsEveryLeafBack() {
      boot(DirectMapConfig.LINUX_7_0.withCollapse(Collapse.ALWAYS).withKeepGlobal(true));
      Kernels.FailingTables source = new Kernels.FailingTables(kernel.earlyTables(), 100);
      map.replaceSplitTables(source);
      assertThat(map.setInvalidNoflush(cpu, 300_000)).isZero();
      assertThat(map.leaves(3)).isEqualTo(3);
      assertThat(map.setDefaultNoflush(cpu, 300_000)).isZero();
      // Dirty was cleared and comes back with the first write only.
      assertThat(map.leaves(3)).isEqualTo(3);
      assertThat(cpu.store(map.va(300_000), Access.WRITE, 5)).isTrue();
      assertThat(map.setMemory(cpu, AttributeChange.READ_WRITE, map.va(300_000), 1)).isZero();
      assertThat(map.leaves(3)).isEqualTo(4);
      assertThat(map.collapses(2)).isEqualTo(1);
      assertThat(map.collapses(3)).isEqualTo(1);
      assertThat(source.given()).as("tables kept").isZero();
    }

    @Test
    void study_withoutGlobal_isBlockedByTheLostBit() {
      boot(DirectMapConfig.LINUX_7_0.withCollapse(Collapse.ALWAYS));
      assertThat(map.setInvalidNoflush(cpu, 300_000)).isZero();
      assertThat(map.setDefaultNoflush(cpu, 300_000)).isZero();
      assertThat(cpu.store(map.va(300_000), Access.WRITE, 5)).isTrue();
      assertThat(map.setMemory(cpu, AttributeChange.READ_WRITE, map.va(300_000), 1)).isZero();
      assertThat(map.leaves(3)).isEqualTo(3);
      assertThat(map.entryNow(300_000) & X86Entry.GLOBAL).isZero();
    }
  }

  @Test
  void verbsForFrames_areNoVerbsForAddresses() {
    assertThatThrownBy(() -> map.setMemory(cpu, AttributeChange.DIRECT_DEFAULT, va(0), 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> map.setMemory(cpu, AttributeChange.READ_ONLY, va(0) + 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> map.setValidNoflush(cpu, 1, 0, true))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
