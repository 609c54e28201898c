package org.pagewright.kernel.gather;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.mm.MmTables;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.tablelife.FreeMode;
import org.pagewright.kernel.tablelife.TableAllocator;
import org.pagewright.kernel.tablelife.TableConfig;
import org.pagewright.kernel.tablelife.TableConstructors;
import org.pagewright.kernel.tablelife.TableEvent;

/** User tables are made, locked, emptied and freed on every format that boots. */
final class UserTablesTest {
  private static final long HEAP = 1L << 30;
  private static final long PAGE = 4096;
  private static final long TABLE = 512 * PAGE;

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-5level", "aarch64-4k", "riscv64-sv39"})
  void unmap_ofEverything_givesAllPagesAndTablesBack(String format) {
    try (GatherWorld world = new GatherWorld(format)) {
      long before = world.freePages();
      for (int i = 0; i < 40; i++) {
        world.map(HEAP + i * (TABLE + 7 * PAGE));
      }
      assertThat(world.mm.tables().tables(1)).isEqualTo(40);
      assertThat(world.isMapped(HEAP)).isTrue();

      world.unmap(HEAP, HEAP + 64 * TABLE);
      world.tables.services().grace().barrier(world.cpu);

      assertThat(world.isMapped(HEAP)).isFalse();
      assertThat(world.mm.tables().bytes(world.format)).isZero();
      TableConstructors constructors = world.tables.services().tablePages().constructors();
      long constructed = constructors.constructed();
      assertThat(constructors.pages()).as("the top table").isEqualTo(1);
      assertThat(constructed).isGreaterThan(40).isEqualTo(constructors.destructed() + 1);
      assertThat(world.freePages()).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @EnumSource(FreeMode.class)
  void unmap_inEachMode_ordersFlushAndFree(FreeMode mode) {
    try (GatherWorld world =
        new GatherWorld("x86_64-4level", TableConfig.SPLIT, config -> config.withMode(mode))) {
      world.map(HEAP);
      world.events.clear();
      world.unmap(HEAP, HEAP + PAGE);
      int flushed = world.events.indexOf(KernelEvent.FLUSHED_MM);
      int destructed = world.events.indexOf(TableEvent.DESTRUCTED);
      int freed = world.events.indexOf(KernelEvent.TABLE_FREED);
      assertThat(flushed).isNotNegative();
      switch (mode) {
        case IMMEDIATE -> assertThat(freed).isNotNegative().isLessThan(flushed);
        case AFTER_FLUSH -> {
          assertThat(destructed).isNotNegative().isLessThan(flushed);
          assertThat(freed).isGreaterThan(flushed);
        }
        case RCU -> assertThat(freed).isNegative();
      }
      world.tables.services().grace().barrier(world.cpu);
      assertThat(world.events).contains(KernelEvent.TABLE_FREED);
    }
  }

  @Test
  void freeTables_withNeighbours_keepsTheTablesThatTheyNeed() {
    try (GatherWorld world = new GatherWorld("x86_64-4level")) {
      world.map(HEAP);
      world.map(HEAP + TABLE);
      MmuGather gather = world.tables.gather(world.mm, false);
      world.tables.zap(world.cpu, gather, HEAP, HEAP + PAGE, world, false);
      world.freeTables(gather, HEAP, HEAP + PAGE, HEAP + TABLE);
      assertThat(world.mm.tables().tables(1)).isEqualTo(1);
      assertThat(world.mm.tables().tables(2)).isEqualTo(1);
      assertThat(world.isMapped(HEAP + TABLE)).isTrue();
    }
  }

  @Test
  void zap_ofManyPages_isFlushedInBatches() {
    try (GatherWorld world = new GatherWorld("x86_64-4level")) {
      for (int i = 0; i < 1200; i++) {
        world.map(HEAP + i * PAGE);
      }
      long before = world.freePages();
      world.dontNeed(HEAP, HEAP + 3 * TABLE);
      world.tables.services().grace().barrier(world.cpu);
      assertThat(world.freePages()).isEqualTo(before + 1200 + 3);
      assertThat(world.tables.reclaimedTables()).isEqualTo(3);
    }
  }

  @Test
  void zap_ofDirtySharedPage_flushesBeforeTheLockIsReleased() {
    try (GatherWorld world = new GatherWorld("x86_64-4level")) {
      world.map(HEAP);
      world.answer(ZapLeaves.GATHER | ZapLeaves.FLUSH_FIRST);
      world.events.clear();
      world.unmap(HEAP, HEAP + PAGE);
      assertThat(world.events.indexOf(KernelEvent.FLUSHED_MM))
          .isNotNegative()
          .isLessThan(world.events.indexOf(HardwareEvent.LOCK_RELEASE));
    }
  }

  @Test
  @BreaksProperty(value = "execution-rules", because = "Linux 6.17 tries a lock that it holds")
  void dontNeed_withOneLockForAllTables_isReclaimedFastOnlySince70() {
    for (ReclaimRules rules :
        new ReclaimRules[] {ReclaimRules.LINUX_6_17, ReclaimRules.LINUX_7_3}) {
      try (GatherWorld world =
          new GatherWorld("x86_64-4level", TableConfig.ONE_LOCK, c -> c.withReclaim(rules))) {
        world.map(HEAP);
        world.dontNeed(HEAP, HEAP + TABLE);
        assertThat(world.tables.reclaimedTables()).isEqualTo(1);
        assertThat(world.tables.reclaimedTablesFast()).isEqualTo(rules.sparesSharedLock() ? 1 : 0);
      }
    }
  }

  @Test
  void dontNeed_thatLetsGoOfTheLock_looksAtTheTableAgain() {
    try (GatherWorld world = new GatherWorld("x86_64-4level")) {
      for (int i = 0; i < 64; i++) {
        world.map(HEAP + i * PAGE);
      }
      int[] looks = new int[1];
      world.tables.setReschedule(cpu -> {
        looks[0]++;
        return looks[0] == 1;
      });
      world.dontNeed(HEAP, HEAP + TABLE);
      assertThat(world.tables.reclaimedTables()).isEqualTo(1);
      assertThat(world.tables.reclaimedTablesFast()).isZero();
    }
  }

  @Test
  void dontNeed_ofPartOfATable_keepsIt() {
    try (GatherWorld world = new GatherWorld("x86_64-4level")) {
      world.map(HEAP);
      world.dontNeed(HEAP, HEAP + TABLE - PAGE);
      assertThat(world.isMapped(HEAP)).isFalse();
      assertThat(world.mm.tables().tables(1)).isEqualTo(1);
    }
  }

  @Test
  void deposit_ofThree_comesBackNewestFirstThenOldest() {
    for (TableConfig locks : new TableConfig[] {TableConfig.SPLIT, TableConfig.ONE_LOCK}) {
      try (GatherWorld world = new GatherWorld("x86_64-4level", locks, c -> c)) {
        long slot = world.tables.make(world.cpu, world.mm, HEAP, 2);
        long[] made = new long[3];
        for (int i = 0; i < made.length; i++) {
          made[i] = world.tables.allocateTable(world.cpu, world.mm, 1);
          world.tables.deposit(world.mm, slot, made[i]);
        }
        assertThat(new long[] {withdraw(world, slot), withdraw(world, slot), withdraw(world, slot)})
            .containsExactly(made[2], made[0], made[1]);
        assertThat(withdraw(world, slot)).isEqualTo(TableAllocator.NONE);
        assertThat(world.mm.tables().deposit()).isEqualTo(MmTables.NO_DEPOSIT);
        for (long table : made) {
          world.tables.freeTable(world.cpu, world.mm, table, 1);
        }
      }
    }
  }

  private static long withdraw(GatherWorld world, long slot) {
    return world.tables.withdraw(world.mm, slot);
  }

  @Test
  void arm64WholeMm_withoutTables_isNotFlushed() {
    try (GatherWorld world = new GatherWorld("aarch64-4k")) {
      world.map(HEAP);
      world.events.clear();
      MmuGather gather = world.tables.gather(world.mm, /* isFullMm= */ true);
      world.tables.zap(world.cpu, gather, HEAP, HEAP + PAGE, world, false);
      gather.finish(world.cpu);
      assertThat(world.events).doesNotContain(KernelEvent.FLUSH_MM);
    }
  }

  @Test
  void nestedGathers_finishWithAFlushOfEverything() {
    try (GatherWorld world = new GatherWorld("x86_64-4level")) {
      MmuGather outer = world.tables.gather(world.mm, false);
      MmuGather inner = world.tables.gather(world.mm, false);
      world.events.clear();
      inner.finish(world.cpu);
      assertThat(world.events).contains(KernelEvent.FLUSH_MM);
      world.events.clear();
      outer.finish(world.cpu);
      assertThat(world.events).doesNotContain(KernelEvent.FLUSH_MM);
    }
  }

  @Test
  void find_withoutTable_isNone() {
    try (GatherWorld world = new GatherWorld("riscv64-sv48")) {
      assertThat(world.tables.find(world.cpu, world.mm, HEAP, 1)).isEqualTo(EntrySlot.NONE);
      long slot = world.tables.make(world.cpu, world.mm, HEAP, 1);
      assertThat(world.tables.find(world.cpu, world.mm, HEAP, 1)).isEqualTo(slot);
      assertThat(world.tables.lock(world.mm, slot)).isNotSameAs(world.mm.tables().lock());
    }
  }
}
