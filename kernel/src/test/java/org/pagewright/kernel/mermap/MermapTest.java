package org.pagewright.kernel.mermap;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.mm.IsolationWorld;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;

/**
 * What the KUnit tests of the series expect (mm/tests/mermap_kunit.c, v2), and the rules around.
 */
class MermapTest {
  private static final long PAGE = 4096;
  private static final int DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;

  private IsolationWorld world = IsolationWorld.of(MermapConfig.V2);
  private Mm mm = world.runNewProcess(0);

  @AfterEach
  void close() {
    world.close();
  }

  private void start(MermapConfig config) {
    world.close();
    world = IsolationWorld.of(config);
    mm = world.runNewProcess(0);
  }

  private long get(long pfn, long bytes) {
    return world.mermap().get(world.cpu(0), pfn, bytes, DATA);
  }

  private void put(long handle) {
    world.mermap().put(world.cpu(0), handle);
  }

  private long getReserved(long pfn) {
    world.cpu(0).disableInterrupts();
    long handle = world.mermap().getReserved(world.cpu(0), pfn, DATA);
    world.cpu(0).enableInterrupts();
    return handle;
  }

  // ---- KUnit

  @Test
  void get_onePage_succeeds() {
    world.prepare(mm);
    assertThat(get(world.frame(), PAGE)).isNotEqualTo(MermapHandle.NONE);
  }

  @Test
  void get_wholeWindowButTheReservedPage_succeedsAndOneMoreFails() {
    world.prepare(mm);
    long all = get(world.frame(), 511 * PAGE);
    assertThat(all).isNotEqualTo(MermapHandle.NONE);
    put(all);
    assertThat(get(world.frame(), 512 * PAGE)).isEqualTo(MermapHandle.NONE);
  }

  @Test
  void reservedGet_withTheWindowFull_stillSucceeds() {
    world.prepare(mm);
    assertThat(get(world.frame(), 510 * PAGE)).isNotEqualTo(MermapHandle.NONE);
    assertThat(get(world.frame(), PAGE)).isNotEqualTo(MermapHandle.NONE);
    assertThat(get(world.frame(), PAGE)).isEqualTo(MermapHandle.NONE);
    long reserved = getReserved(world.frame());
    assertThat(reserved).isNotEqualTo(MermapHandle.NONE);
    put(reserved);
  }

  @Test
  void get_everyRecord_mapsInsideTheWindowAndReadsTheRightData() {
    world.prepare(mm);
    for (int i = 0; i < 3; i++) {
      checkReadsBack(get(frameWith(0xe4a4 + i), PAGE), 0xe4a4 + i);
    }
    assertThat(get(world.frame(), PAGE)).isEqualTo(MermapHandle.NONE);
    long reserved = getReserved(frameWith(0xe4a7));
    checkReadsBack(reserved, 0xe4a7);
    put(reserved);
  }

  private long frameWith(long magic) {
    long pfn = world.frame();
    world.memory().write(pfn * PAGE, magic);
    return pfn;
  }

  private void checkReadsBack(long handle, long magic) {
    long va = MermapHandle.va(handle);
    assertThat(va).isGreaterThanOrEqualTo(world.mermap().windowBase(0));
    assertThat(va).isLessThan(world.mermap().windowEnd(0));
    assertThat(world.read(0, va)).isEqualTo(magic);
  }

  @Test
  void get_untilAnAddressComesAgain_flushesExactlyOnce() {
    world.prepare(mm);
    long base = world.mermap().windowBase(0);
    for (int i = 0; i < 511; i++) {
      long handle = get(world.frame(), PAGE);
      assertThat(MermapHandle.va(handle)).isEqualTo(base + i * PAGE);
      put(handle);
      assertThat(world.mermap().flushes(mm, 0)).isZero();
    }
    long again = get(world.frame(), PAGE);
    assertThat(MermapHandle.va(again)).isEqualTo(base);
    assertThat(world.mermap().flushes(mm, 0)).isEqualTo(1);
  }

  // ---- rules of the window

  @Test
  void get_belowALongHeldMappingAtTheTop_failsAlthoughTheWindowIsEmpty() {
    world.prepare(mm);
    put(get(world.frame(), 510 * PAGE));
    assertThat(get(world.frame(), PAGE)).isNotEqualTo(MermapHandle.NONE);
    assertThat(get(world.frame(), PAGE)).isEqualTo(MermapHandle.NONE);
  }

  /** With every record in use the newest ends at the next address, so a wrap cannot help. */
  @Test
  void get_withEveryRecordInUse_neverFlushes() {
    world.prepare(mm);
    put(get(world.frame(), 500 * PAGE));
    for (int i = 0; i < 3; i++) {
      get(world.frame(), PAGE);
    }
    assertThat(get(world.frame(), 20 * PAGE)).isEqualTo(MermapHandle.NONE);
    assertThat(world.mermap().flushes(mm, 0)).isZero();
  }

  @Test
  void get_largerThanTheWindow_failsWithoutWarning() {
    world.prepare(mm);
    assertThat(get(world.frame(), 513 * PAGE)).isEqualTo(MermapHandle.NONE);
    for (MermapWarning warning : MermapWarning.values()) {
      assertThat(world.mermap().warnings(warning)).as(warning.name()).isZero();
    }
  }

  @Test
  void get_globalProtection_isRefusedWithAWarning() {
    world.prepare(mm);
    long handle = world.mermap().get(world.cpu(0), world.frame(), PAGE, DATA | Rights.GLOBAL);
    assertThat(handle).isEqualTo(MermapHandle.NONE);
    assertThat(world.mermap().warnings(MermapWarning.PROTECTION)).isEqualTo(1);
  }

  @Test
  void get_withoutPreparation_isRefusedWithAWarning() {
    assertThat(world.mermap().isReady(world.cpu(0))).isFalse();
    assertThat(get(world.frame(), PAGE)).isEqualTo(MermapHandle.NONE);
    assertThat(world.mermap().warnings(MermapWarning.NOT_PREPARED)).isEqualTo(1);
  }

  @Test
  void get_byAKernelThread_isRefusedUntilItBorrowsAnAddressSpace() {
    world.prepare(mm);
    Task worker = world.processes().createTask(Task.Kind.KERNEL_THREAD, null);
    world.processes().run(world.cpu(0), worker);
    assertThat(world.mermap().isReady(world.cpu(0))).isFalse();
    assertThat(get(world.frame(), PAGE)).isEqualTo(MermapHandle.NONE);
    world.processes().useMm(world.cpu(0), mm);
    assertThat(world.mermap().isReady(world.cpu(0))).isTrue();
    put(get(world.frame(), PAGE));
    world.processes().unuseMm(world.cpu(0));
    assertThat(world.mermap().isReady(world.cpu(0))).isFalse();
  }

  @Test
  void put_twice_warns() {
    world.prepare(mm);
    long handle = get(world.frame(), PAGE);
    put(handle);
    put(handle);
    assertThat(world.mermap().warnings(MermapWarning.NOT_IN_USE)).isEqualTo(1);
    assertThat(world.cpu(0).migrationDepth()).isZero();
  }

  @Test
  void migration_isOffFromGetToPut_andUntouchedByAnyFailure() {
    world.prepare(mm);
    long handle = get(world.frame(), PAGE);
    assertThat(world.cpu(0).migrationDepth()).isEqualTo(1);
    put(handle);
    assertThat(world.cpu(0).migrationDepth()).isZero();
    get(world.frame(), 512 * PAGE);
    get(world.frame(), 513 * PAGE);
    world.mermap().get(world.cpu(0), world.frame(), PAGE, DATA | Rights.GLOBAL);
    assertThat(world.cpu(0).migrationDepth()).isZero();
  }

  @Test
  @BreaksProperty(value = "mermap-promise", because = "version 1 breaks it")
  void reservedGet_withAllSharedRecordsTaken_failsInV1AndSucceedsInV2() {
    for (MermapConfig config : MermapConfig.all()) {
      start(config);
      world.prepare(mm);
      for (int i = 0; i < config.normalRecords(); i++) {
        assertThat(get(world.frame(), PAGE)).isNotEqualTo(MermapHandle.NONE);
      }
      boolean succeeds = getReserved(world.frame()) != MermapHandle.NONE;
      assertThat(succeeds).as(config.name()).isEqualTo(config.ownReserveRecord());
    }
  }

  @Test
  void reservedGet_withPreemptionOn_warns() {
    world.prepare(mm);
    put(world.mermap().getReserved(world.cpu(0), world.frame(), DATA));
    assertThat(world.mermap().warnings(MermapWarning.RESERVE_PREEMPTIBLE)).isEqualTo(1);
  }

  @Test
  void put_leavesAnEntryThatIsNotPresent_andNotZeroInV1() {
    for (MermapConfig config : MermapConfig.all()) {
      start(config);
      world.prepare(mm);
      long handle = get(world.frame(), PAGE);
      put(handle);
      long entry = world.entry(mm, MermapHandle.va(handle));
      assertThat(world.format().isPresent(entry, 1)).isFalse();
      assertThat(entry != 0).isEqualTo(config.equals(MermapConfig.V1));
    }
  }

  // ---- TLBs

  /** The address is dead, but the CPU does not know: only the flush of the wrap removes it. */
  @Test
  void translation_afterPut_livesUntilTheWindowWraps() {
    world.prepare(mm);
    long pfn = world.frame();
    long handle = get(pfn, PAGE);
    long va = MermapHandle.va(handle);
    world.read(0, va);
    put(handle);
    assertThat(frameAt(0, va)).isEqualTo(pfn);
    put(get(world.frame(), 510 * PAGE));
    assertThat(frameAt(0, va)).isEqualTo(pfn);
    long other = world.frame();
    assertThat(MermapHandle.va(get(other, PAGE))).isEqualTo(va);
    assertThat(frameAt(0, va)).isEqualTo(other);
  }

  /** Another thread's CPU may walk the same tables speculatively; the wrap does not reach it. */
  @Test
  void translation_onAnotherCpu_survivesTheWrapAndNotTheFullFlush() {
    world.prepare(mm);
    world.runThread(1, mm);
    long pfn = world.frame();
    long handle = get(pfn, PAGE);
    long va = MermapHandle.va(handle);
    world.read(1, va);
    put(handle);
    put(get(world.frame(), 510 * PAGE));
    put(get(world.frame(), PAGE));
    assertThat(frameAt(1, va)).isEqualTo(pfn);
    world.mermap().flushEverywhere(world.cpu(0), mm);
    assertThat(frameAt(1, va)).isEqualTo(-1);
  }

  private long frameAt(int cpu, long va) {
    long translation = world.cpu(cpu).translate(va, Access.READ);
    return Translation.isFault(translation) ? -1 : Translation.pa(translation, va) / PAGE;
  }

  // ---- preparation and the end

  @Test
  void prepare_twice_allocatesOnce() {
    world.prepare(mm);
    long used = world.usedPages();
    world.prepare(mm);
    assertThat(world.usedPages()).isEqualTo(used);
  }

  /** N possible CPUs: one PTE table each, one PMD and one PUD table, and the per-CPU block. */
  @Test
  void prepare_onFourLevels_takesTablesForEveryPossibleCpu() {
    long before = world.usedPages();
    world.prepare(mm);
    assertThat(world.usedPages() - before).isEqualTo(world.cpus() + 1 + 1 + 1);
  }

  @Test
  void prepare_withAnyAllocationFailing_leavesNothingPreparedAndLeaksNothing() {
    long before = world.usedPages();
    int failures = 0;
    for (int allowed = 0; ; allowed++) {
      Mm victim = world.createMm();
      world.failAllocationsAfter(allowed);
      int error = world.mermap().prepare(world.cpu(0), victim);
      world.allowAllocations();
      if (error == 0) {
        world.processes().exit(world.cpu(0), victim);
        break;
      }
      failures++;
      assertThat(error).isEqualTo(-Errno.ENOMEM);
      assertThat(world.mermap().isPrepared(victim)).isFalse();
      assertThat(world.mermap().prepare(world.cpu(0), victim)).as("retry").isZero();
      world.processes().exit(world.cpu(0), victim);
      assertThat(world.usedPages()).isEqualTo(before);
    }
    assertThat(failures).isEqualTo(world.cpus() + 3);
    assertThat(world.usedPages()).isEqualTo(before);
  }

  @Test
  void exit_withAMappingInUse_warns() {
    Mm other = world.createMm();
    world.prepare(other);
    world.mermap().get(world.cpu(0), other, world.frame(), PAGE, DATA, /* reserved= */ false);
    world.processes().exit(world.cpu(0), other);
    assertThat(world.mermap().warnings(MermapWarning.IN_USE_AT_TEARDOWN)).isEqualTo(1);
  }

  // ---- other kernels

  @Test
  void prepare_onFiveLevels_takesOneTableMore() {
    world.close();
    world = IsolationWorld.of(MermapConfig.V2, "x86_64-5level", /* isolates= */ true);
    mm = world.runNewProcess(0);
    long before = world.usedPages();
    world.prepare(mm);
    assertThat(world.usedPages() - before).isEqualTo(world.cpus() + 1 + 1 + 1 + 1);
    assertThat(world.mermap().windowBase(1)).isEqualTo(0xff10_0000_0040_0000L);
    checkReadsBack(get(frameWith(0xbeef), PAGE), 0xbeef);
  }

  /** What arm64 would need: nobody may keep a translation that changes. */
  @Test
  void wrap_withBroadcast_reachesEveryCpu() {
    start(MermapConfig.V2.withWrapFlush(MermapConfig.WrapFlush.BROADCAST));
    world.prepare(mm);
    world.runThread(1, mm);
    long handle = get(world.frame(), PAGE);
    long va = MermapHandle.va(handle);
    world.read(1, va);
    put(handle);
    put(get(world.frame(), 510 * PAGE));
    put(get(world.frame(), PAGE));
    assertThat(frameAt(1, va)).isEqualTo(-1);
  }

  /** Entries are not global, so that reloading the root is enough, as a first version did. */
  @Test
  void wrap_withoutGlobalFlush_isEnough() {
    start(MermapConfig.V2.withWrapFlush(MermapConfig.WrapFlush.LOCAL_NON_GLOBAL));
    world.prepare(mm);
    long handle = get(world.frame(), PAGE);
    long va = MermapHandle.va(handle);
    world.read(0, va);
    put(handle);
    put(get(world.frame(), 510 * PAGE));
    long other = world.frame();
    assertThat(MermapHandle.va(get(other, PAGE))).isEqualTo(va);
    assertThat(frameAt(0, va)).isEqualTo(other);
  }

  // ---- defects of published versions, planted through the seams

  /** Gallery: mermap-error-leaks-migrate-disable. */
  @Test
  void get_whenTheWalkFails_balancesMigration() {
    world.prepare(mm);
    Mermap failing = world.mermapWithFailingWalks();
    assertThat(failing.get(world.cpu(0), mm, world.frame(), PAGE, DATA, false))
        .isEqualTo(MermapHandle.NONE);
    assertThat(world.cpu(0).migrationDepth()).isZero();
    assertThat(failing.failures(mm, 0)).isEqualTo(1);
    assertThat(failing.inUse(mm, 0, 0)).isFalse();
  }
}
