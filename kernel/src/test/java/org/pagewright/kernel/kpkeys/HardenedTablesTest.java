package org.pagewright.kernel.kpkeys;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.CpuMask;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.FaultKind;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.tablelife.TableRules;

/** The KUnit expectations of the series, for every design. */
final class HardenedTablesTest {
  private static final List<String> FORMATS =
      List.of("aarch64-4k", "aarch64-16k", "aarch64-64k", "x86_64-4level", "x86_64-5level");

  /** Where the KUnit tests of the series write, and the lowest table on the way there. */
  private enum Place {
    LINEAR_MAP(1),
    KERNEL_IMAGE(2),
    VMALLOC(1),
    VMEMMAP(2),
    USER(1);

    private final int lowestLevel;

    Place(int lowestLevel) {
      this.lowestLevel = lowestLevel;
    }
  }

  private static final long USER_VA = 0x40_0000;
  private static final long PAGE_BYTES = 4096;

  static List<Arguments> designs() {
    List<Arguments> designs = new ArrayList<>();
    for (String format : FORMATS) {
      for (KpkeysConfig config : KpkeysConfig.all()) {
        if (config.supply() != KpkeysConfig.Supply.NONE) {
          designs.add(Arguments.of(format, config));
        }
      }
    }
    return designs;
  }

  private static KernelConfig kernelConfig(String format, KpkeysConfig config) {
    boolean byPages = config.needsPages();
    KernelConfig kernel =
        Kernels.config(format, byPages ? "0-512M" : "0-3G").withImage(KernelImage.at(16L << 20));
    return kernel.withDirectMap(kernel.directMap().withLargestLeafLevel(byPages ? 1 : 3));
  }

  private static HardenedTables boot(String format, KpkeysConfig config) {
    return HardenedTables.boot(kernelConfig(format, config), config, Choices.first());
  }

  private static void assertPlainWriteFaults(KernelMachine kernel, long tablePa) {
    Cpu cpu = kernel.cpu(0);
    long va = kernel.layout().directVa(tablePa);
    long before = kernel.machine().memory().read(tablePa);
    assertThat(cpu.store(va, Access.WRITE, ~before)).as("table %x", tablePa).isFalse();
    assertThat(Translation.faultKind(cpu.mmu().fault())).isEqualTo(FaultKind.PKEY_DENIED);
    assertThat(kernel.machine().memory().read(tablePa)).isEqualTo(before);
    assertThat(cpu.load(va, Access.READ)).isEqualTo(before);
  }

  /** Every table of a tree, from the root down. */
  private static int assertTreeProtected(KernelMachine kernel, long tablePa, int level) {
    PteFormat format = kernel.machine().format();
    assertPlainWriteFaults(kernel, tablePa);
    int tables = 1;
    for (long i = 0; level > 1 && i < format.level(level).entries(); i++) {
      long entry = kernel.tables().peek(tablePa + i * 8);
      if (format.isTable(entry, level)) {
        tables += assertTreeProtected(kernel, format.pa(entry, level), level - 1);
      }
    }
    return tables;
  }

  /** The tables of all levels on the way to an address, as deep as there are any. */
  private static void assertPathProtected(
      KernelMachine kernel, long rootPa, long va, int lowestLevel) {
    PteFormat format = kernel.machine().format();
    long tablePa = rootPa;
    for (int level = format.topLevel(); level > 0; level--) {
      assertPlainWriteFaults(kernel, tablePa);
      long entry = kernel.tables().peek(format.entryPa(tablePa, va, level));
      if (level == 1 || !format.isTable(entry, level)) {
        assertThat(level).as("deepest table").isLessThanOrEqualTo(lowestLevel);
        return;
      }
      tablePa = format.pa(entry, level);
    }
  }

  private static void make(KernelMachine kernel, long rootPa, long va, int level) {
    // The source says nothing about keys: the door sees to it.
    long slot = kernel.tables().makeEntry(kernel.cpu(0), rootPa, va, level, kernel.tablePages());
    assertThat(slot).isNotEqualTo(EntrySlot.NONE);
  }

  private static Processes processes(KernelMachine kernel) {
    return new Processes(kernel.machine(), kernel.shootdown(), TopTables.of(kernel));
  }

  @ParameterizedTest
  @MethodSource("designs")
  void plainWrite_earlyTablesOfEveryLevel_faults(String format, KpkeysConfig config) {
    HardenedTables hardened = boot(format, config);
    try (KernelMachine kernel = hardened.kernel()) {
      int top = kernel.machine().format().topLevel();
      assertThat(assertTreeProtected(kernel, kernel.rootPa(), top)).isGreaterThanOrEqualTo(3);
      assertTreeProtected(kernel, kernel.cpu(0).registers().root(), top);
      assertThat(hardened.earlyUntracked()).isZero();
      assertThat(hardened.deniedWrites()).isZero();
    }
  }

  @ParameterizedTest
  @MethodSource("designs")
  void plainWrite_tablesOfEveryPlaceAndLevel_faults(String format, KpkeysConfig config) {
    HardenedTables hardened = boot(format, config);
    try (KernelMachine kernel = hardened.kernel()) {
      for (Place place : Place.values()) {
        long root = kernel.rootPa();
        if (place == Place.USER) {
          root = requireNonNull(processes(kernel).createMm(kernel.cpu(0))).kernelPgdPa();
        }
        long va = address(kernel, place);
        if (place != Place.LINEAR_MAP && place != Place.KERNEL_IMAGE) {
          make(kernel, root, va, place.lowestLevel);
        }
        boolean isLarge = place == Place.LINEAR_MAP && !config.needsPages();
        assertPathProtected(kernel, root, va, isLarge ? 3 : place.lowestLevel);
      }
      assertThat(hardened.deniedWrites()).isZero();
    }
  }

  private static long address(KernelMachine kernel, Place place) {
    boolean isX86 = kernel.machine().format().name().startsWith("x86");
    long vmemmap = isX86 ? kernel.layout().vmemmapBase() : 0xffff_fdff_c000_0000L;
    return switch (place) {
      case LINEAR_MAP -> kernel.layout().directVa(100L << 20);
      case KERNEL_IMAGE -> kernel.layout().imageBase() + (16L << 20);
      case VMALLOC -> kernel.layout().vmallocBase();
      case VMEMMAP -> vmemmap;
      case USER -> USER_VA;
    };
  }

  /** The top tables stand in the kernel image, which maps them a second time. */
  @ParameterizedTest
  @MethodSource("designs")
  void plainWrite_throughTheKernelImage_faults(String format, KpkeysConfig config) {
    HardenedTables hardened = boot(format, config);
    try (KernelMachine kernel = hardened.kernel()) {
      assertThat(kernel.config().image().contains(kernel.rootPa())).isTrue();
      Cpu cpu = kernel.cpu(0);
      long alias = kernel.layout().imageBase() + kernel.rootPa();
      assertThat(cpu.store(alias, Access.WRITE, 0)).isFalse();
      assertThat(Translation.faultKind(cpu.mmu().fault())).isEqualTo(FaultKind.PKEY_DENIED);
      long neighbour = kernel.layout().imageBase() + (60L << 20);
      assertThat(cpu.store(neighbour, Access.WRITE, 0)).isTrue();
    }
  }

  @ParameterizedTest
  @BreaksProperty(
      value = "freed-frames-untouched",
      because = "the test writes to tables that were given back, to see that it may")
  @MethodSource("designs")
  void tables_givenBack_areWritableOrKept(String format, KpkeysConfig config) {
    HardenedTables hardened = boot(format, config);
    try (KernelMachine kernel = hardened.kernel()) {
      Cpu cpu = kernel.cpu(0);
      long tablePa = kernel.tables().allocateTable(cpu, 1, kernel.tablePages());
      kernel.tables().freeTable(cpu, tablePa, 1, kernel.tablePages());
      long pfn = tablePa >>> kernel.machine().format().pageShift();
      boolean writable = cpu.store(kernel.layout().directVa(tablePa), Access.WRITE, 0);
      assertThat(writable).isNotEqualTo(hardened.pages().isKept(pfn));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"v5", "v7", "freetype"})
  void topTables_ofAnIsolatedProcess_areBothProtected(String design) {
    KpkeysConfig config = KpkeysConfig.named(design);
    KernelConfig boot = kernelConfig("x86_64-4level", config).withIsolation(true);
    HardenedTables hardened = HardenedTables.boot(boot, config, Choices.first());
    try (KernelMachine kernel = hardened.kernel()) {
      Processes processes = processes(kernel);
      Mm mm = requireNonNull(processes.createMm(kernel.cpu(0)));
      assertPlainWriteFaults(kernel, mm.kernelPgdPa());
      assertPlainWriteFaults(kernel, mm.userPgdPa());
      processes.exit(kernel.cpu(0), mm);
    }
  }

  /** {@code kpkeys_pgtable_alloc()} of v6 has no order. */
  @Test
  void topTables_ofAnIsolatedProcessInV6_cannotBeHad() {
    KernelConfig boot = kernelConfig("x86_64-4level", KpkeysConfig.V6).withIsolation(true);
    HardenedTables hardened = HardenedTables.boot(boot, KpkeysConfig.V6, Choices.first());
    try (KernelMachine kernel = hardened.kernel()) {
      assertThat(processes(kernel).createMm(kernel.cpu(0))).isNull();
    }
  }

  @ParameterizedTest
  @MethodSource("designs")
  void level_nestedInInterruptsAndOverTasks_isEachThreadsOwn(String format, KpkeysConfig config) {
    HardenedTables hardened = boot(format, config);
    try (KernelMachine kernel = hardened.kernel()) {
      Cpu cpu = kernel.cpu(0);
      Kpkeys keys = hardened.keys();
      Processes processes = processes(kernel);
      processes.add(keys);
      Task writer = processes.createTask(Task.Kind.KERNEL_THREAD, null);
      Task other = processes.createTask(Task.Kind.KERNEL_THREAD, null);
      processes.run(cpu, writer);
      long before = keys.switches();
      kernel.tables().enterRun(cpu);
      kernel.tables().enterRun(cpu);
      assertThat(keys.set(cpu, KeyLevel.PGTABLES)).isEqualTo(Kpkeys.UNCHANGED);
      List<Long> seen = new ArrayList<>();
      CpuMask targets = new CpuMask(kernel.machine().cpus());
      targets.add(0);
      kernel
          .machine()
          .interrupts()
          .callAndGoOn(kernel.cpu(1), targets, target -> seen.add(keys.register(target)));
      assertThat(seen).containsExactly(keys.initial());
      assertThat(keys.register(cpu)).isNotEqualTo(keys.initial());
      processes.run(cpu, other);
      assertPlainWriteFaults(kernel, kernel.rootPa());
      processes.run(cpu, writer);
      assertThat(keys.register(cpu)).isNotEqualTo(keys.initial());
      kernel.tables().leaveRun(cpu);
      assertThat(keys.register(cpu)).isNotEqualTo(keys.initial());
      kernel.tables().leaveRun(cpu);
      assertThat(keys.register(cpu)).isEqualTo(keys.initial());
      assertThat(keys.switches() - before).isEqualTo(6);
    }
  }

  /** Why constructors had to be called for all tables of the kernel before v5 could use them. */
  @Test
  @BreaksProperty(
      value = {"table-construction", "tables-protected"},
      because = "the table comes without constructor")
  void vmallocTable_thatNobodyConstructs_isUnprotectedInV5() {
    HardenedTables hardened =
        HardenedTables.boot(
            kernelConfig("aarch64-4k", KpkeysConfig.V5),
            KpkeysConfig.V5,
            Choices.first(),
            HardenedTables::supply,
            TableRules.LINUX_6_12);
    try (KernelMachine kernel = hardened.kernel()) {
      long va = kernel.layout().vmallocBase();
      make(kernel, kernel.rootPa(), va, 1);
      long tablePa = kernel.tables().peekLookup(kernel.rootPa(), va) & -PAGE_BYTES;
      assertThat(kernel.cpu(0).store(kernel.layout().directVa(tablePa), Access.WRITE, 0)).isTrue();
    }
  }

  @Test
  void earlyTables_inV6_leaveTheRestOfTheirChunkToThePageAllocator() {
    HardenedTables hardened = boot("aarch64-4k", KpkeysConfig.V6);
    try (KernelMachine kernel = hardened.kernel()) {
      KernelConfig same = kernelConfig("aarch64-4k", KpkeysConfig.V6);
      try (KernelMachine plain = KernelMachine.boot(same)) {
        long cached = hardened.pages().keptPages() + kernel.allocator().pcpPages();
        assertThat(kernel.allocator().freePages() + cached)
            .isGreaterThan(plain.allocator().freePages() - 16);
      }
    }
  }
}
