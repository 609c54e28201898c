package org.pagewright.kernel.pti;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TablePages;
import org.pagewright.kernel.pgtable.TableSource;

/** What the two top tables of a process lead to, in every mode of x86. */
class TopTablesTest {
  private static final long USER_VA = 0x40_0000;
  private static final int USER =
      Rights.USER | Rights.USER_PAGE | Rights.KERNEL | Rights.ACCESSED | Rights.DIRTY;

  /** A kernel with isolation and a distribution's image. */
  private static final class World implements AutoCloseable {
    final KernelMachine kernel;
    final PageTableIsolation isolation;
    final Processes processes;

    World(String format) {
      MachineConfig hardware =
          MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(512L << 20));
      boolean isPae = format.equals("x86_64-pae");
      kernel =
          KernelMachine.boot(
              KernelConfig.of(hardware)
                  .withIsolation(true)
                  .withAddressSpaceNumbers(!isPae)
                  .withUnmappedPool(!isPae)
                  .withImage(KernelImage.at(16L << 20))
                  .withMemmapBytesPerPage(0));
      isolation =
          new PageTableIsolation(
              kernel.machine(),
              kernel.tables(),
              kernel.tablePages(),
              kernel.allocator(),
              kernel.layout(),
              kernel.config().image(),
              kernel.rootPa());
      processes =
          new Processes(
              kernel.machine(),
              kernel.shootdown(),
              TopTables.isolated(
                  roots(), kernel.tables(), kernel.tablePages(), kernel.rootPa(), isolation));
    }

    TableSource roots() {
      return TablePages.forProcesses(
          kernel.allocator(), kernel.machine().memory(), kernel.machine().format());
    }

    Cpu cpu() {
      return kernel.cpu(0);
    }

    PageTables tables() {
      return kernel.tables();
    }

    Mm run() {
      Mm mm = requireNonNull(processes.createMm(cpu()));
      processes.run(cpu(), processes.createTask(Task.Kind.USER, mm));
      return mm;
    }

    long usedPages() {
      return kernel.machine().memory().map().ramBytes() / 4096
          - kernel.allocator().freePages()
          - kernel.allocator().pcpPages();
    }

    /** Maps a page for user mode, as a fault does. */
    void mapUser(Mm mm, long va) {
      PteFormat format = tables().format();
      long tablePa = mm.kernelPgdPa();
      for (int level = format.topLevel(); level > 1; level--) {
        long entryPa = format.entryPa(tablePa, va, level);
        if (!format.isPresent(tables().peek(entryPa), level)) {
          long below = tables().allocateTable(cpu(), level - 1, kernel.tablePages());
          tables().writeEntry(cpu(), entryPa, format.table(level, below));
        }
        tablePa = tables().tablePa(tables().peek(entryPa), level);
      }
      long pa = kernel.allocator().allocate(cpu(), Gfp.KERNEL, 0) << 12;
      tables().writeEntry(cpu(), format.entryPa(tablePa, va, 1), format.leaf(1, pa, USER));
    }

    boolean mayUse(long va, int access) {
      return cpu().translate(va, access) > 0;
    }

    @Override
    public void close() {
      kernel.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-5level", "x86_64-pae"})
  void userTable_holdsEntryTextAndArea_andNothingElseOfTheKernel(String format) {
    try (World world = new World(format)) {
      Mm mm = world.run();
      long text = world.kernel.layout().imageBase() + world.kernel.config().image().textPa();
      long area = world.isolation.area().base();
      long data = world.kernel.layout().directVa(mm.kernelPgdPa());
      assertThat(world.mayUse(data, Access.READ)).isTrue();
      world.kernel.shootdown().enterUser(world.cpu());
      assertThat(world.mayUse(text, Access.EXECUTE)).isTrue();
      assertThat(world.mayUse(area, Access.READ)).isTrue();
      assertThat(world.mayUse(area, Access.WRITE)).isFalse();
      assertThat(world.mayUse(area, Access.READ | Access.USER)).isFalse();
      assertThat(world.mayUse(text + (2 << 20), Access.EXECUTE)).isFalse();
      assertThat(world.mayUse(data, Access.READ)).isFalse();
      world.kernel.shootdown().enterKernel(world.cpu());
      assertThat(world.mayUse(data, Access.READ)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-5level", "x86_64-pae"})
  void userMapping_isReachedFromBoth_andExecutableFromTheUsersAlone(String format) {
    try (World world = new World(format)) {
      Mm mm = world.run();
      world.mapUser(mm, USER_VA);
      boolean hasNoExecuteAbove = !format.equals("x86_64-pae");
      assertThat(world.mayUse(USER_VA, Access.READ | Access.USER)).isTrue();
      assertThat(world.mayUse(USER_VA, Access.EXECUTE | Access.USER)).isEqualTo(!hasNoExecuteAbove);
      world.kernel.shootdown().enterUser(world.cpu());
      assertThat(world.mayUse(USER_VA, Access.EXECUTE | Access.USER)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-5level", "x86_64-pae"})
  void allocate_withEachAllocationFailing_keepsNothing(String format) {
    for (int allowed = 0; ; allowed++) {
      try (World world = new World(format)) {
        Kernels.FailingTables failing =
            new Kernels.FailingTables(world.kernel.tablePages(), allowed);
        TopTables tables =
            TopTables.isolated(
                world.roots(), world.tables(), failing, world.kernel.rootPa(), world.isolation);
        long rootPa = tables.allocate(world.cpu());
        if (rootPa != TopTables.NONE) {
          assertThat(allowed).isEqualTo(format.equals("x86_64-pae") ? 5 : 0);
          return;
        }
        assertThat(failing.given()).isZero();
      }
    }
  }

  @Test
  void kernelTableOfPae_changed_reachesEveryProcess() {
    try (World world = new World("x86_64-pae")) {
      Mm one = world.run();
      Mm two = requireNonNull(world.processes.createMm(world.cpu()));
      long va = world.kernel.layout().vmallocBase();
      PageTables tables = world.tables();
      long slot =
          tables.makeEntry(world.cpu(), world.kernel.rootPa(), va, 1, world.kernel.tablePages());
      assertThat(slot).isNotEqualTo(EntrySlot.NONE);
      for (Mm mm : new Mm[] {one, two}) {
        assertThat(tables.entryAt(world.cpu(), mm.kernelPgdPa(), va, 1)).isEqualTo(slot);
        assertThat(tables.entryAt(world.cpu(), mm.userPgdPa(), va, 1)).isEqualTo(EntrySlot.NONE);
      }
      world.processes.exit(world.cpu(), one);
      world.processes.exit(world.cpu(), two);
    }
  }

  /** Unmapping may free a preallocated table: both top tables forget it. */
  @Test
  void tableOfPae_freedBeforeExit_isGoneFromBothAndNotFreedTwice() {
    try (World world = new World("x86_64-pae")) {
      long before = world.usedPages();
      Mm mm = requireNonNull(world.processes.createMm(world.cpu()));
      long freed =
          world
              .tables()
              .freeTables(
                  world.cpu(),
                  mm.kernelPgdPa(),
                  /* va= */ 1 << 30,
                  /* bytes= */ 1 << 21,
                  /* rootLevel= */ 3,
                  world.kernel.tablePages());
      assertThat(freed).isEqualTo(1);
      assertThat(world.tables().peek(mm.userPgdPa() + 8)).isZero();
      world.processes.exit(world.cpu(), mm);
      assertThat(world.usedPages()).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-5level", "x86_64-pae"})
  void exit_ofManyProcesses_givesEveryPageBack(String format) {
    try (World world = new World(format)) {
      long before = world.usedPages();
      Mm[] mms = new Mm[20];
      for (int i = 0; i < mms.length; i++) {
        mms[i] = requireNonNull(world.processes.createMm(world.cpu()));
      }
      assertThat(world.usedPages() - before).isEqualTo(20L * (format.endsWith("pae") ? 7 : 2));
      for (Mm mm : mms) {
        world.processes.exit(world.cpu(), mm);
      }
      assertThat(world.usedPages()).isEqualTo(before);
    }
  }
}
