package org.pagewright.hardware.paging;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.TableBuilder.FrameSource;

/** Rules of single architectures, case by case. */
class AccessCheckTest {
  private static final int KERNEL_DATA = Rights.KERNEL_READ | Rights.KERNEL_WRITE;
  private static final int USER_DATA = KERNEL_DATA | Rights.USER_READ | Rights.USER_WRITE;
  private static final int MARKED = Rights.ACCESSED | Rights.DIRTY;

  private final PhysicalMemory memory = new PhysicalMemory(MemoryMap.of(64L << 20));

  @AfterEach
  void close() {
    memory.close();
  }

  private record Setup(Walker walker, PagingRegisters registers, TableBuilder builder) {
    Fault fault(long va, int access) {
      return Fault.of(walker.translate(registers, va, access), va);
    }

    boolean allows(long va, int access) {
      return !Translation.isFault(walker.translate(registers, va, access));
    }
  }

  private Setup setup(String name) {
    PteFormat format = PteFormat.named(name);
    TableBuilder builder =
        new TableBuilder(memory, format, FrameSource.rising(64L << 10, 32L << 20));
    Walker walker = new Walker(memory, format);
    PagingRegisters registers = new PagingRegisters(format);
    assertThat(walker.loadRoot(registers, builder.rootPa())).isTrue();
    return new Setup(walker, registers, builder);
  }

  @Nested
  class Pae {
    @Test
    void pdpte_changedAfterTheLoad_isSeenAtTheNextLoadOnly() {
      Setup setup = setup("x86_64-pae");
      setup.builder.map(0x40000000L, 0x1000, 0x1000, KERNEL_DATA);

      assertThat(setup.fault(0x40000000L, Access.READ))
          .isEqualTo(new Fault.NotPresent(0x40000000L, 3, 0));
      assertThat(setup.walker.loadRoot(setup.registers, setup.builder.rootPa())).isTrue();
      assertThat(setup.allows(0x40000000L, Access.READ)).isTrue();

      setup.builder.writeEntry(0x40000000L, 3, 0);
      assertThat(setup.allows(0x40000000L, Access.READ)).isTrue();
      assertThat(setup.walker.loadRoot(setup.registers, setup.builder.rootPa())).isTrue();
      assertThat(setup.allows(0x40000000L, Access.READ)).isFalse();
    }

    @Test
    void pdpte_withReservedBits_refusesTheLoadAndKeepsTheOldRoot() {
      Setup setup = setup("x86_64-pae");
      setup.builder.map(0, 0x1000, 0x1000, KERNEL_DATA);
      assertThat(setup.walker.loadRoot(setup.registers, setup.builder.rootPa())).isTrue();
      long root = setup.registers.root();
      long good = setup.builder.readEntry(0, 3);

      for (int bit : new int[] {1, 2, 5, 6, 7, 8, 52, 63}) {
        setup.builder.writeEntry(0, 3, good | 1L << bit);
        assertThat(setup.walker.loadRoot(setup.registers, root)).as("bit %d", bit).isFalse();
        assertThat(setup.allows(0, Access.READ)).isTrue();
      }
      setup.builder.writeEntry(0, 3, (good | 0x1e6) & ~1L);
      assertThat(setup.walker.loadRoot(setup.registers, root)).isTrue();
      for (int bit : new int[] {3, 4, 9, 10, 11}) {
        setup.builder.writeEntry(0, 3, good | 1L << bit);
        assertThat(setup.walker.loadRoot(setup.registers, root)).as("bit %d", bit).isTrue();
      }
    }
  }

  @Nested
  class X86 {
    @Test
    void reserved_beatsPermission_andNotPresentBeatsReserved() {
      Setup setup = setup("x86_64-4level");
      setup.builder.map(0x200000, 0x200000, 0x200000, Rights.KERNEL_READ);
      long leaf = setup.builder.readEntry(0x200000, 2);
      setup.builder.writeEntry(0x200000, 2, leaf | 1L << 13);
      assertThat(setup.fault(0x200000, Access.WRITE | Access.USER))
          .isEqualTo(new Fault.Reserved(0x200000, 2, 0xf));
      setup.builder.writeEntry(0x200000, 2, (leaf | 1L << 13) & ~1L);
      assertThat(setup.fault(0x200000, Access.WRITE | Access.USER))
          .isEqualTo(new Fault.NotPresent(0x200000, 2, 6));
    }

    @Test
    void keys_ofUserAndSupervisorPages_useTheirOwnRegister() {
      Setup setup = setup("x86_64-4level");
      setup.builder.map(0x1000, 0x1000, 0x1000, 1, USER_DATA, /* pkey= */ 5, 0);
      setup.builder.map(0x2000, 0x2000, 0x1000, 1, KERNEL_DATA, /* pkey= */ 5, 0);
      setup.registers.setPkru(2 << 10);
      setup.registers.setPkrs(1 << 10);
      assertThat(setup.allows(0x1000, Access.WRITE | Access.USER)).isTrue();
      setup.registers.set(Control.PKE, true);
      setup.registers.set(Control.PKS, true);

      assertThat(setup.allows(0x1000, Access.READ | Access.USER)).isTrue();
      assertThat(setup.fault(0x1000, Access.WRITE | Access.USER))
          .isEqualTo(new Fault.PkeyDenied(0x1000, 1, 0x27));
      assertThat(setup.fault(0x1000, Access.WRITE)).isInstanceOf(Fault.PkeyDenied.class);
      assertThat(setup.fault(0x2000, Access.READ)).isEqualTo(new Fault.PkeyDenied(0x2000, 1, 0x21));
      setup.registers.set(Control.WP, false);
      assertThat(setup.allows(0x1000, Access.WRITE)).isTrue();
    }

    @Test
    void smap_smep_andWp_bindTheKernel() {
      Setup setup = setup("x86_64-4level");
      int code = Rights.PERMISSIONS & ~Rights.KERNEL_WRITE & ~Rights.USER_WRITE;
      setup.builder.map(0x1000, 0x1000, 0x1000, code);
      assertThat(setup.allows(0x1000, Access.EXECUTE)).isTrue();
      setup.registers.set(Control.SMEP, true);
      setup.registers.set(Control.SMAP, true);

      assertThat(setup.fault(0x1000, Access.EXECUTE)).isEqualTo(new Fault.Denied(0x1000, 1, 0x11));
      assertThat(setup.fault(0x1000, Access.READ)).isEqualTo(new Fault.Denied(0x1000, 1, 1));
      setup.registers.set(Control.AC, true);
      assertThat(setup.allows(0x1000, Access.READ)).isTrue();
      assertThat(setup.fault(0x1000, Access.WRITE)).isEqualTo(new Fault.Denied(0x1000, 1, 3));
      setup.registers.set(Control.WP, false);
      assertThat(setup.allows(0x1000, Access.WRITE)).isTrue();
      assertThat(setup.allows(0x1000, Access.EXECUTE | Access.USER)).isTrue();
    }

    @Test
    void accessedAndDirty_areSetByAccessesAndOnlyThen() {
      Setup setup = setup("x86_64-4level");
      setup.builder.map(0x1000, 0x1000, 0x1000, KERNEL_DATA);
      long clean = setup.builder.readEntry(0x1000, 1);
      long walked = setup.walker.walk(setup.registers, 0x1000);
      assertThat(setup.builder.readEntry(0x1000, 1)).isEqualTo(clean);
      assertThat(Walker.needsUpdate(setup.registers, walked, Access.READ)).isTrue();

      long read = setup.walker.translate(setup.registers, 0x1000, Access.READ);
      assertThat(setup.builder.readEntry(0x1000, 1)).isEqualTo(clean | 0x20);
      assertThat(Translation.rights(read) & MARKED).isEqualTo(Rights.ACCESSED);
      assertThat(Walker.needsUpdate(setup.registers, read, Access.WRITE)).isTrue();

      long written = setup.walker.translate(setup.registers, 0x1000, Access.WRITE);
      assertThat(setup.builder.readEntry(0x1000, 1)).isEqualTo(clean | 0x60);
      assertThat(Walker.needsUpdate(setup.registers, written, Access.WRITE)).isFalse();
    }
  }

  @Nested
  class Arm64 {
    @Test
    void firstWrite_withDbm_makesTheEntryWritable() {
      Setup setup = setup("aarch64-4k");
      setup.builder.map(0x1000, 0x1000, 0x1000, Rights.KERNEL_READ | Rights.ACCESSED);
      long leaf = setup.builder.readEntry(0x1000, 1) | 1L << 51;
      setup.builder.writeEntry(0x1000, 1, leaf);

      assertThat(setup.allows(0x1000, Access.WRITE)).isTrue();
      assertThat(setup.builder.readEntry(0x1000, 1)).isEqualTo(leaf & ~0x80L);
      setup.builder.writeEntry(0x1000, 1, leaf);
      setup.registers.set(Control.HD, false);
      assertThat(setup.fault(0x1000, Access.WRITE)).isEqualTo(new Fault.Denied(0x1000, 1, 0x4f));
    }

    @Test
    void accessFlag_withoutHardware_faultsBeforePermission() {
      Setup setup = setup("aarch64-16k");
      setup.builder.map(0x4000, 0x4000, 0x4000, Rights.KERNEL_READ);
      setup.registers.set(Control.HA, false);

      assertThat(setup.fault(0x4000, Access.WRITE | Access.USER))
          .isEqualTo(new Fault.AccessFlag(0x4000, 1, 0x4b));
    }

    @Test
    void overlays_ofKernelPages_followPorWithoutChangingTables() {
      Setup setup = setup("aarch64-4k");
      setup.builder.map(0x1000, 0x1000, 0x1000, 1, KERNEL_DATA | Rights.ACCESSED, /* pkey= */ 3, 0);
      setup.registers.set(Control.POE, true);
      setup.registers.setPorKernel(0x1000);

      assertThat(setup.allows(0x1000, Access.READ)).isTrue();
      assertThat(setup.fault(0x1000, Access.WRITE)).isInstanceOf(Fault.PkeyDenied.class);
      setup.registers.setPorKernel(0x5000);
      assertThat(setup.allows(0x1000, Access.WRITE)).isTrue();
    }
  }

  @Nested
  class Riscv {
    @Test
    void napot_withOtherThanSixteenPages_isReserved() {
      Setup setup = setup("riscv64-sv48");
      long leaf = setup.walker.format().leaf(1, 0, KERNEL_DATA | MARKED) | 1L << 63;
      for (int low = 0; low < 16; low++) {
        setup.builder.writeEntry(0x3000, 1, leaf | (0x120L + low) << 10);
        boolean is64K = low == 8;
        assertThat(setup.allows(0x3000, Access.READ)).as("PPN[3:0] %d", low).isEqualTo(is64K);
      }
      setup.builder.writeEntry(0x3000, 1, leaf | 0x128L << 10);
      long translation = setup.walker.walk(setup.registers, 0x3456);
      assertThat(Translation.pa(translation, 0x3456)).isEqualTo(0x123456);
    }

    @Test
    void superpage_misaligned_isAPageFault() {
      Setup setup = setup("riscv64-sv39");
      long leaf = setup.walker.format().leaf(2, 0x200000, KERNEL_DATA | MARKED);
      setup.builder.writeEntry(0, 2, leaf | 1L << 12);

      assertThat(setup.fault(0, Access.WRITE)).isEqualTo(new Fault.Misaligned(0, 2, 15));
    }

    @Test
    void svade_reportsWhatSvaduWouldSet() {
      Setup setup = setup("riscv64-sv39");
      setup.builder.map(0x1000, 0x1000, 0x1000, KERNEL_DATA);
      setup.registers.set(Control.ADUE, false);
      assertThat(setup.fault(0x1000, Access.READ)).isEqualTo(new Fault.AccessFlag(0x1000, 1, 13));
      setup.registers.set(Control.ADUE, true);
      assertThat(setup.allows(0x1000, Access.READ)).isTrue();
      setup.registers.set(Control.ADUE, false);
      assertThat(setup.allows(0x1000, Access.READ)).isTrue();
      assertThat(setup.fault(0x1000, Access.WRITE)).isEqualTo(new Fault.NotDirty(0x1000, 1, 15));
    }
  }

  @Test
  void table_outsideRam_isAMachineCheckAtTheEntryThatCouldNotBeRead() {
    for (PteFormat format : PteFormats.all()) {
      Setup setup = setup(format.name());
      setup.builder.writeEntry(0, 2, format.table(2, 128L << 20));
      setup.walker.loadRoot(setup.registers, setup.builder.rootPa());
      memory.takeMachineCheck();

      long translation = setup.walker.walk(setup.registers, 0);

      assertThat(Translation.isFault(translation)).as(format.name()).isTrue();
      assertThat(Translation.faultKind(translation)).isEqualTo(FaultKind.MACHINE_CHECK);
      assertThat(Translation.faultLevel(translation)).isEqualTo(1);
      assertThat(memory.takeMachineCheck()).isEqualTo(128L << 20);
    }
  }

  @Test
  void access_aMillionTimes_allocatesNothing() {
    Setup setup = setup("x86_64-4level");
    setup.builder.map(0, 0, 32L << 20, KERNEL_DATA, /* largestLevel= */ 1);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    WalkPath path = new WalkPath();
    long warm = accesses(setup, path, 100_000);

    long before = threads.getCurrentThreadAllocatedBytes();
    long sum = accesses(setup, path, 1_000_000);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;

    assertThat(sum).isNotEqualTo(warm);
    assertThat(allocated).isLessThan(1000);
  }

  private static long accesses(Setup setup, WalkPath path, int count) {
    long sum = 0;
    int access = Access.READ;
    for (int i = 0; i < count; i++) {
      // Beyond 32 MiB: every third access or so is a fault.
      long va = (i * 0x9e3779b97f4a7c15L) >>> 38 & 0x2ffffffL;
      sum += setup.walker.translate(setup.registers, va, access);
      sum += setup.walker.walk(setup.registers, va, path);
      access = access == Access.READ ? Access.WRITE : Access.READ;
    }
    return sum;
  }
}
