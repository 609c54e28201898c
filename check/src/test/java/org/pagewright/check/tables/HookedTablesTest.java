package org.pagewright.check.tables;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
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
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.gather.GatherConfig;
import org.pagewright.kernel.gather.GatherServices;
import org.pagewright.kernel.gather.MmuGather;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.userland.UserKernel;
import org.pagewright.kernel.vm.AddressSpace;
import org.pagewright.kernel.vm.VmConfig;
import org.pagewright.kernel.vm.VmParts;

/** Oracles that know where tables hang, on user memory that breaks what they state. */
final class HookedTablesTest {
  private static final int READ_WRITE = Access.READ | Access.WRITE;
  private static final long PAGE = 4096;
  private static final long VA = 64L << 21;
  private static final long BYTES = 4 * PAGE;

  private UserKernel kernel = boot(UserTables::new);
  private Oracles oracles = watch();

  private static UserKernel boot(BiFunction<GatherServices, GatherConfig, UserTables> maker) {
    PteFormat format = PteFormat.named("x86_64-4level");
    KernelMachine machine =
        KernelMachine.boot(
            KernelConfig.of(MachineConfig.small(format).withMap(MemoryMap.of(64L << 20)))
                .withImage(KernelImage.NONE)
                .withMemmapBytesPerPage(0));
    UserTables tables =
        maker.apply(GatherServices.of(machine), GatherConfig.of(format.architecture()));
    return new UserKernel(machine, tables, VmConfig.LINUX_7_0, VmParts::of);
  }

  private Oracles watch() {
    KernelMachine machine = kernel.kernel();
    return new Oracles(
        new WatchedKernel(machine.machine(), machine.directMap(), machine.allocator(), null));
  }

  /** Goes on with tables that are made, locked or gathered in another way. */
  private void exchange(BiFunction<GatherServices, GatherConfig, UserTables> maker) {
    close();
    kernel = boot(maker);
    oracles = watch();
  }

  @AfterEach
  void close() {
    oracles.close();
    kernel.close();
  }

  private Cpu cpu() {
    return kernel.cpu(0);
  }

  /** A process that has written the first of its pages. */
  private AddressSpace start() {
    AddressSpace space = requireNonNull(kernel.start(cpu()));
    assertThat(kernel.memory().mapAnonymous(cpu(), space, VA, BYTES, READ_WRITE)).isEqualTo(VA);
    assertThat(kernel.userMode().store(cpu(), VA, 1)).isZero();
    return space;
  }

  private long entryPa(Mm mm, long va) {
    return EntrySlot.pa(kernel.kernel().tables().peekLookup(mm.kernelPgdPa(), va));
  }

  private long entry(Mm mm, long va) {
    return kernel.kernel().tables().peek(entryPa(mm, va));
  }

  private List<String> told() {
    return oracles.inspect().stream().map(Violation::oracle).distinct().toList();
  }

  @Test
  void soundKernel_ofEveryWayToTakeAway_isSilent() {
    AddressSpace space = start();
    kernel.run(kernel.cpu(1), space.mm());
    assertThat(kernel.userMode().store(kernel.cpu(1), VA, 2)).isZero();
    Mm child = requireNonNull(kernel.processes().duplicateMm(cpu(), space.mm()));
    assertThat(kernel.userMode().store(kernel.cpu(1), VA, 3)).isZero();
    kernel.processes().exit(cpu(), child);
    assertThat(kernel.memory().protect(cpu(), space, VA, BYTES, Access.READ)).isZero();
    assertThat(kernel.memory().protect(cpu(), space, VA, BYTES, READ_WRITE)).isZero();
    assertThat(kernel.memory().free(cpu(), space, VA, BYTES)).isZero();
    assertThat(kernel.memory().dontNeed(cpu(), space, VA, BYTES)).isZero();
    assertThat(kernel.userMode().touch(cpu(), VA)).isZero();
    assertThat(kernel.memory().unmap(cpu(), space, VA, BYTES)).isZero();

    assertThat(told()).isEmpty();
  }

  @Test
  void lockOfItsOwnForEachCall_isNoLockOfTheTable() {
    exchange((services, config) ->
        new UserTables(services, config) {
          @Override
          public SpinLock lock(Mm mm, long slot) {
            int identity = (int) (EntrySlot.pa(slot) >>> 12);
            return new SpinLock(new LockClass("some_lock"), identity);
          }

          @Override
          public void unlockTable(Cpu cpu, Mm mm, long tablePa) {
            cpu.heldLock(cpu.lockDepth() - 1).release(cpu);
            services().grace().readUnlock(cpu);
          }
        });
    AddressSpace space = requireNonNull(kernel.start(cpu()));
    assertThat(kernel.memory().mapAnonymous(cpu(), space, VA, BYTES, READ_WRITE)).isEqualTo(VA);
    assertThat(kernel.services().userTables().make(cpu(), space.mm(), VA, 2)).isPositive();

    assertThat(told()).contains("tables-locked");
  }

  @Test
  void entryThatIsMadeToLeadElsewhereAtOnce_isNotKept() {
    Mm mm = start().mm();
    long pfn = kernel.kernel().allocator().allocate(cpu(), Gfp.USER, 0);
    SpinLock lock = kernel.services().userTables().lock(mm, EntrySlot.of(entryPa(mm, VA), 1));

    lock.acquire(cpu());
    kernel
        .kernel()
        .tables()
        .writeEntry(cpu(), entryPa(mm, VA), (entry(mm, VA) & 0xfff) | (pfn << 12));
    lock.release(cpu());

    assertThat(told()).contains("entries-kept");
  }

  @Test
  void frameThatIsFreedUnderItsEntry_isStillMapped() {
    Mm mm = start().mm();
    kernel.kernel().allocator().free(cpu(), (entry(mm, VA) >>> 12) & 0xfffff, 0);

    assertThat(told()).contains("mapped-frames");
  }

  @Test
  void ownPageThatIsWritableTwice_isShared() {
    Mm mm = start().mm();
    assertThat(kernel.userMode().store(cpu(), VA + PAGE, 1)).isZero();
    long other = entryPa(mm, VA + PAGE);
    SpinLock lock = kernel.services().userTables().lock(mm, EntrySlot.of(other, 1));

    lock.acquire(cpu());
    kernel.kernel().tables().writeEntry(cpu(), other, 0);
    kernel.kernel().tables().writeEntry(cpu(), other, entry(mm, VA));
    lock.release(cpu());

    assertThat(told()).contains("mapped-frames");
  }

  @Test
  void zeroPageThatIsWritable_isNobodysToWrite() {
    Mm mm = start().mm();
    assertThat(kernel.userMode().touch(cpu(), VA + PAGE)).isZero();
    long zero = entryPa(mm, VA + PAGE);
    SpinLock lock = kernel.services().userTables().lock(mm, EntrySlot.of(zero, 1));

    lock.acquire(cpu());
    kernel.kernel().tables().writeEntry(cpu(), zero, entry(mm, VA + PAGE) | 2);
    lock.release(cpu());

    assertThat(told()).contains("mapped-frames");
  }

  @Test
  void gatherThatNeverFlushes_leavesTranslationsThatAreNotTrue() {
    exchange((services, config) ->
        new UserTables(services, config) {
          @Override
          protected MmuGather makeGather() {
            return new MmuGather(this) {
              @Override
              public void flushTranslations(Cpu cpu) {}
            };
          }
        });
    AddressSpace space = start();
    assertThat(kernel.memory().free(cpu(), space, VA, BYTES)).isZero();

    assertThat(told()).containsExactly("translations-true");
  }

  @Test
  void tableThatIsCountedTwice_isCountedWrong() {
    start().mm().tables().added(1);

    assertThat(told()).containsExactly("tables-counted");
  }
}
