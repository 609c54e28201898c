package org.pagewright.hardware.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.ExhaustiveChoices;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Control;
import org.pagewright.hardware.paging.FaultKind;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.hardware.tlb.Tlbi;

/** Tests of accesses through TLB and walker. */
class MmuTest {
  private static final long VA = 1L << 30;
  private static final long RAM = 32L << 20;

  /** A machine with tables, whose CPUs have them loaded. */
  private static final class Rig implements AutoCloseable {
    final Machine machine;
    final TestTables tables;
    final Mmu mmu;

    Rig(String format) {
      this(MachineConfig.small(PteFormat.named(format)));
    }

    Rig(MachineConfig config) {
      machine = new Machine(config);
      tables = new TestTables(machine);
      mmu = machine.cpu(0).mmu();
      for (int id = 0; id < machine.cpus(); id++) {
        assertThat(machine.cpu(id).mmu().switchRoot(tables.root, /* asid= */ 0)).isTrue();
      }
    }

    @Override
    public void close() {
      machine.close();
    }
  }

  @Nested
  class Accesses {
    @ParameterizedTest
    @ValueSource(
        strings = {
          "x86_64-4level",
          "x86_64-5level",
          "x86_64-pae",
          "aarch64-4k",
          "aarch64-16k",
          "aarch64-64k",
          "riscv64-sv39",
          "riscv64-sv48",
          "riscv64-sv57",
          "s390x",
          "powerpc64-radix-4k",
          "powerpc64-radix-64k",
          "loongarch64",
          "sparc64"
        })
    void loadAndStore_everyFormat_reachTheMappedPage(String format) {
      try (Rig rig = new Rig(format)) {
        // s390 cannot keep user mode or execution out of a page by its entry alone.
        int rights = TestTables.READ_WRITE;
        if (format.equals("s390x")) {
          rights = Rights.KERNEL | Rights.USER;
          rig.mmu.registers().setAddressBits(64); // the tables have all five levels
        }
        rig.tables.map(VA, RAM, 1, rights | TestTables.ALL_FLAGS);
        assertThat(rig.mmu.switchRoot(rig.tables.root, 0)).isTrue(); // PAE reads PDPTEs here
        assertThat(rig.mmu.store(VA + 64, Access.WRITE, 42)).as(rig.mmu.toString()).isTrue();
        assertThat(rig.mmu.load(VA + 64, Access.READ)).isEqualTo(42);
        assertThat(rig.mmu.fault()).isZero();
        assertThat(rig.machine.memory().read(RAM + 64)).isEqualTo(42);
        assertThat(rig.mmu.load(VA + rig.machine.format().pageBytes(), Access.READ)).isZero();
        assertThat(Translation.faultKind(rig.mmu.fault())).isEqualTo(FaultKind.NOT_PRESENT);
      }
    }

    @Test
    void store_cleanEntryInTlb_walksAgainAndMarksDirty() {
      try (Rig rig = new Rig("x86_64-4level")) {
        int rights = Rights.KERNEL_READ | Rights.KERNEL_WRITE;
        rig.tables.map(VA, RAM, 1, rights);
        assertThat(rig.mmu.load(VA, Access.READ)).isZero();
        assertThat(flags(rig)).isEqualTo(Rights.ACCESSED);
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).isTrue();
        assertThat(flags(rig)).isEqualTo(Rights.ACCESSED | Rights.DIRTY);
      }
    }

    private int flags(Rig rig) {
      long entry = rig.tables.readEntry(rig.tables.entryPa(VA, 1));
      return rig.machine.format().rights(entry, 1) & TestTables.ALL_FLAGS;
    }

    @Test
    void store_cleanEntryInTlbButUnmappedInMemory_faults() {
      // The dirty bit is set in memory under a check of the entry that is there.
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.tables.map(VA, RAM, 1, Rights.KERNEL_READ | Rights.KERNEL_WRITE);
        assertThat(rig.mmu.load(VA, Access.READ)).isZero();
        rig.tables.unmap(VA, 1);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).isFalse();
      }
    }

    @Test
    void translate_rightsRaisedInMemory_faultsOnceOnX86() {
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.tables.map(VA, RAM, 1, Rights.KERNEL_READ | TestTables.ALL_FLAGS);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).as("spurious fault").isFalse();
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).as("retry").isTrue();
      }
    }

    @Test
    void translate_rightsRaisedInMemory_faultsUntilTlbiOnArm64() {
      try (Rig rig = new Rig("aarch64-4k")) {
        rig.tables.map(VA, RAM, 1, Rights.KERNEL_READ | TestTables.ALL_FLAGS);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).isFalse();
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).isFalse();
        rig.mmu.tlbi(Tlbi.VALE1, VA, /* asid= */ 0);
        rig.mmu.dsb();
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).isTrue();
      }
    }

    @Test
    void translate_keyInTlb_isCheckedAgainstTheRegisterOfNow() {
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE, /* pkey= */ 5);
        rig.mmu.setControl(Control.PKS, true);
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).isTrue();
        rig.mmu.writePkrs(2 << 10);
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).isFalse();
        assertThat(Translation.faultKind(rig.mmu.fault())).isEqualTo(FaultKind.PKEY_DENIED);
        assertThat(rig.mmu.load(VA, Access.READ)).isEqualTo(1);
        rig.mmu.writePkrs(0);
        assertThat(rig.mmu.store(VA, Access.WRITE, 1)).isTrue();
      }
    }

    @Test
    void translate_keyChangedInMemory_isNotSeenBeforeTheFlush() {
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.mmu.setControl(Control.PKS, true);
        rig.mmu.writePkrs(3 << 10);
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE, /* pkey= */ 0);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE, /* pkey= */ 5);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        rig.mmu.invalidatePage(VA);
        assertThat(rig.mmu.translate(VA, Access.READ)).isNegative();
      }
    }

    @Test
    void translate_instructionsAndData_areCachedApart() {
      try (Rig rig = new Rig("x86_64-4level")) {
        int rights = Rights.KERNEL_READ | Rights.KERNEL_EXECUTE | TestTables.ALL_FLAGS;
        rig.tables.map(VA, RAM, 1, rights);
        assertThat(rig.mmu.translate(VA, Access.EXECUTE)).isPositive();
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
        assertThat(rig.mmu.translate(VA, Access.EXECUTE)).isPositive();
        rig.mmu.invalidatePage(VA);
        assertThat(rig.mmu.translate(VA, Access.EXECUTE)).isNegative();
      }
    }

    @Test
    void switchRoot_pcidsOff_dropsEverythingNotGlobal() {
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
        rig.tables.map(VA + 4096, RAM, 1, TestTables.READ_WRITE | Rights.GLOBAL);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        assertThat(rig.mmu.translate(VA + 4096, Access.READ)).isPositive();
        rig.tables.unmap(VA, 1);
        rig.tables.unmap(VA + 4096, 1);
        assertThat(rig.mmu.loadRoot(rig.tables.root, /* noFlush= */ true)).isTrue();
        assertThat(rig.mmu.translate(VA + 4096, Access.READ)).as("global").isPositive();
        assertThat(rig.mmu.translate(VA, Access.READ)).isNegative();
      }
    }

    @Test
    void translate_globalBitWhilePgeIsOff_isIgnored() {
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.mmu.setControl(Control.PGE, false);
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE | Rights.GLOBAL);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        rig.tables.unmap(VA, 1);
        assertThat(rig.mmu.loadRoot(rig.tables.root, /* noFlush= */ false)).isTrue();
        assertThat(rig.mmu.translate(VA, Access.READ)).isNegative();
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"skylake", "golden-cove", "zen4", "neoverse-v2", "u74"})
    void translate_millionsOfAccesses_allocateNothing(String geometry) {
      String format =
          switch (TlbGeometries.named(geometry).architecture()) {
            case ARM64 -> "aarch64-4k";
            case RISCV -> "riscv64-sv48";
            default -> "x86_64-4level";
          };
      MachineConfig config = MachineConfig.small(PteFormat.named(format));
      try (Rig rig = new Rig(config.withTlb(TlbGeometries.named(geometry)))) {
        int pages = 3000; // more than any TLB here holds
        for (int page = 0; page < pages; page++) {
          rig.tables.map(VA + page * 4096L, RAM, 1, TestTables.READ_WRITE);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = accessAll(rig.mmu, pages, 3);
        long before = threads.getCurrentThreadAllocatedBytes();
        sum += accessAll(rig.mmu, pages, 100);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(sum).isZero();
        assertThat(allocated).isLessThan(10_000);
      }
    }

    private long accessAll(Mmu mmu, int pages, int times) {
      long sum = 0;
      for (int i = 0; i < pages * times; i++) {
        long va = VA + i % pages * 4096L;
        sum += mmu.load(va, Access.READ);
        sum += mmu.store(va, Access.WRITE, 0) ? 0 : 1;
      }
      return sum;
    }
  }

  @Nested
  class Structures {
    private static final long OTHER = RAM + (1 << 20);

    /** Frees a table as a kernel would that flushed the pages but not the structure caches. */
    private static long afterTheTableIsFreedAndReused(Rig rig, Runnable flush) {
      rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
      rig.tables.map(VA + 8192, RAM, 1, TestTables.READ_WRITE);
      assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
      long table = rig.tables.tablePa(VA, 1);
      rig.tables.unmap(VA, 1);
      rig.tables.unmap(VA + 8192, 1);
      rig.tables.unmap(VA, 2);
      flush.run();
      // Whoever owns the frame next writes what looks like an entry.
      long forged = rig.machine.format().leaf(1, OTHER, TestTables.READ_WRITE);
      rig.tables.writeEntry(table + 8, forged);
      return rig.mmu.translate(VA + 4096, Access.READ);
    }

    @Test
    void translate_freedTableStillCached_walksIt() {
      try (Rig rig = new Rig("x86_64-4level")) {
        long found = afterTheTableIsFreedAndReused(rig, () -> {});
        assertThat(found).isPositive();
        assertThat(Translation.pagePa(found)).isEqualTo(OTHER);
      }
    }

    @Test
    void translate_freedTableAfterOneInvlpgOfItsRange_faults() {
      try (Rig rig = new Rig("x86_64-4level")) {
        long found = afterTheTableIsFreedAndReused(rig, () -> rig.mmu.invalidatePage(VA));
        assertThat(found).isNegative();
      }
    }

    @Test
    void translate_freedTableAfterInvlpgElsewhere_faultsOnlyWithoutTce() {
      for (boolean hasTce : new boolean[] {false, true}) {
        try (Rig rig = new Rig("x86_64-4level")) {
          rig.mmu.setTranslationCacheExtension(hasTce);
          long elsewhere = VA + (8L << 20);
          long found = afterTheTableIsFreedAndReused(rig, () -> rig.mmu.invalidatePage(elsewhere));
          assertThat(found > 0).isEqualTo(hasTce);
        }
      }
    }

    @Test
    void translate_freedTableAfterLastLevelTlbi_walksIt() {
      // Kernel ranges on arm64 are flushed so, which is why freeing a table needs VAAE1.
      try (Rig rig = new Rig("aarch64-4k")) {
        long found = afterTheTableIsFreedAndReused(rig, () -> tlbi(rig, Tlbi.VAALE1));
        assertThat(found).isPositive();
      }
      try (Rig rig = new Rig("aarch64-4k")) {
        long found = afterTheTableIsFreedAndReused(rig, () -> tlbi(rig, Tlbi.VAAE1));
        assertThat(found).isNegative();
      }
    }

    private void tlbi(Rig rig, int operation) {
      rig.mmu.tlbi(operation, VA, /* asid= */ 0);
      rig.mmu.tlbi(operation, VA + 8192, /* asid= */ 0);
      rig.mmu.dsb();
    }

    @Test
    void translate_freedTableAfterFenceOfAnAddress_walksIt() {
      try (Rig rig = new Rig("riscv64-sv39")) {
        assertThat(afterTheTableIsFreedAndReused(rig, () -> rig.mmu.sfence(VA, Mmu.ANY)))
            .isPositive();
      }
      try (Rig rig = new Rig("riscv64-sv39")) {
        assertThat(afterTheTableIsFreedAndReused(rig, () -> rig.mmu.sfence(Mmu.ANY, Mmu.ANY)))
            .isNegative();
      }
    }

    @Test
    void translate_pageFaultOnX86_dropsThePath() {
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        rig.tables.pointTo(VA, 2, rig.tables.newTable(1));
        rig.tables.map(VA + 4096, OTHER, 1, TestTables.READ_WRITE);
        assertThat(rig.mmu.translate(VA + 4096, Access.READ))
            .as("through the old table")
            .isNegative();
        assertThat(rig.mmu.translate(VA + 4096, Access.READ)).as("retry").isPositive();
      }
    }

    @Test
    void translate_rightsOfUpperEntryLowered_keptInTheStructureCache() {
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
        rig.tables.map(VA + 4096, RAM, 1, TestTables.READ_WRITE);
        assertThat(rig.mmu.translate(VA, Access.WRITE)).isPositive();
        long entryPa = rig.tables.entryPa(VA, 2);
        long readOnly = 2;
        rig.tables.writeEntry(entryPa, rig.tables.readEntry(entryPa) & ~readOnly);
        assertThat(rig.mmu.translate(VA + 4096, Access.WRITE)).as("inherited before").isPositive();
        rig.mmu.invalidatePage(VA);
        assertThat(rig.mmu.translate(VA + 4096, Access.WRITE)).as("not cached").isPositive();
        rig.mmu.invalidatePage(VA + 4096);
        assertThat(rig.mmu.translate(VA + 4096, Access.WRITE)).isNegative();
      }
    }
  }

  @Nested
  class LargePages {
    @Test
    void translate_sizeThatTheFirstLevelLacks_isHeldInParts() {
      MachineConfig config = MachineConfig.small(PteFormat.named("riscv64-sv39"));
      try (Rig rig = new Rig(config.withTlb(TlbGeometries.U74))) {
        rig.tables.map(VA, RAM, 2, TestTables.READ_WRITE);
        assertThat(rig.mmu.translate(VA + 0x12345, Access.READ)).isPositive();
        long[] shifts = new long[1];
        rig.mmu
            .tlb()
            .forEachEntry((array, va, asid, shift, translation) -> shifts[0] |= 1L << shift);
        // U74's second level holds pages of 4 KiB only.
        assertThat(shifts[0]).isEqualTo(1L << 21 | 1L << 12);
      }
    }

    @Test
    void invalidatePage_largePageHeldInParts_dropsAllParts() {
      try (Rig rig = new Rig("x86_64-4level")) {
        Speculation splitting =
            new Speculation((n, why) -> n - 1, new Speculation.Odds(0, 0, /* split= */ 2, 0));
        rig.machine.speculate(splitting);
        rig.tables.map(VA, RAM, 2, TestTables.READ_WRITE);
        for (int part = 0; part < 5; part++) {
          assertThat(rig.mmu.translate(VA + part * 4096L, Access.READ)).isPositive();
        }
        rig.mmu
            .tlb()
            .forEachEntry((array, va, asid, shift, translation) -> assertThat(shift).isEqualTo(12));
        rig.tables.unmap(VA, 2);
        rig.mmu.invalidatePage(VA + 4096);
        assertThat(rig.mmu.tlb().entryCount()).isZero();
      }
    }

    @Test
    void translate_splitWithoutFlush_oldEntryAnswersForAllItsPages() {
      try (Rig rig = new Rig("x86_64-4level")) {
        rig.tables.map(VA, RAM, 2, TestTables.READ_WRITE);
        assertThat(rig.mmu.translate(VA, Access.READ)).isPositive();
        rig.tables.unmap(VA, 2);
        rig.tables.map(VA + 4096, RAM + 4096, 1, Rights.KERNEL_READ | TestTables.ALL_FLAGS);
        assertThat(rig.mmu.translate(VA + 4096, Access.WRITE))
            .as("stale and writable")
            .isPositive();
        rig.mmu.invalidatePage(VA + 4096);
        assertThat(rig.mmu.translate(VA + 4096, Access.WRITE)).isNegative();
      }
    }
  }

  @Nested
  class OnTheirOwn {
    @Test
    void speculation_pageUnmappedBeforeFirstUse_mayBeCachedAnyway() {
      ExhaustiveChoices choices = new ExhaustiveChoices();
      int stale = 0;
      do {
        try (Rig rig = new Rig("x86_64-4level")) {
          Speculation speculation = new Speculation(choices, new Speculation.Odds(0, 2, 0, 0));
          speculation.target(VA);
          rig.machine.speculate(speculation);
          rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
          rig.machine.cpu(0).step(Step.ENTRY_WRITE, 0);
          rig.tables.unmap(VA, 1);
          stale += rig.mmu.translate(VA, Access.READ) > 0 ? 1 : 0;
        }
      } while (choices.next());
      assertThat(stale).isEqualTo(1);
      assertThat(choices.runs()).isEqualTo(2);
    }

    @Test
    void speculation_invalidEntryRemembered_faultsUntilTheFence() {
      try (Rig rig = new Rig("riscv64-sv39")) {
        Speculation remembering =
            new Speculation((n, why) -> n - 1, new Speculation.Odds(0, 0, 0, /* invalid= */ 2));
        rig.machine.speculate(remembering);
        assertThat(rig.mmu.translate(VA, Access.READ)).isNegative();
        rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
        long again = rig.mmu.translate(VA, Access.WRITE);
        assertThat(Translation.faultKind(again)).isEqualTo(FaultKind.NOT_PRESENT);
        assertThat(Translation.errorCode(again)).as("store page fault").isEqualTo(15);
        rig.mmu.sfence(VA, Mmu.ANY);
        assertThat(rig.mmu.translate(VA, Access.WRITE)).isPositive();
      }
    }

    @Test
    void evict_numbers_reachEveryEntry() {
      try (Rig rig = new Rig("x86_64-4level")) {
        for (int page = 0; page < 3; page++) {
          rig.tables.map(VA + page * 4096L, RAM, 1, TestTables.READ_WRITE);
          assertThat(rig.mmu.translate(VA + page * 4096L, Access.READ)).isPositive();
        }
        int count = rig.mmu.tlb().entryCount();
        assertThat(count).isEqualTo(6); // three in each level
        assertThatThrownBy(() -> rig.mmu.tlb().evict(count))
            .isInstanceOf(IllegalArgumentException.class);
        for (int left = count; left > 0; left--) {
          rig.mmu.tlb().evict(left / 2);
          assertThat(rig.mmu.tlb().entryCount()).isEqualTo(left - 1);
        }
      }
    }
  }

  @Test
  void tlbi_broadcastWithoutBarrier_otherCpuStaysStale() {
    try (Rig rig = new Rig("aarch64-4k")) {
      Mmu other = rig.machine.cpu(1).mmu();
      rig.tables.map(VA, RAM, 1, TestTables.READ_WRITE);
      assertThat(other.translate(VA, Access.READ)).isPositive();
      rig.tables.unmap(VA, 1);
      rig.mmu.tlbi(Tlbi.VAALE1 | Tlbi.INNER_SHAREABLE, VA, /* asid= */ 0);
      assertThat(other.translate(VA, Access.READ)).isPositive();
      rig.mmu.dsb();
      assertThat(other.translate(VA, Access.READ)).isNegative();
      assertThat(rig.mmu.pendingInvalidations()).isZero();
    }
  }
}
