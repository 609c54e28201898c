package org.pagewright.check.oracle;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.kpkeys.HardenedTables;
import org.pagewright.kernel.kpkeys.KeyLevel;
import org.pagewright.kernel.kpkeys.KpkeysConfig;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Processes;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.pti.TopTables;
import org.pagewright.kernel.vmalloc.KernelVmap;
import org.pagewright.kernel.vmalloc.SharedRoots;

/** What is silent and what is not under the oracles of hardened tables. */
final class TablesProtectedTest {
  private static final String ARM64 = "aarch64-4k";

  private static HardenedTables boot(String format, String design) {
    KpkeysConfig config = KpkeysConfig.named(design);
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.parse("0-3G"));
    KernelConfig boot = KernelConfig.bare(hardware);
    boolean byPages = config.needsPages();
    return HardenedTables.boot(
        boot.withDirectMap(boot.directMap().withLargestLeafLevel(byPages ? 1 : 3)),
        config,
        Choices.first());
  }

  private static Oracles watch(HardenedTables hardened) {
    KernelMachine kernel = hardened.kernel();
    return new Oracles(
        new WatchedKernel(
            kernel.machine(), kernel.directMap(), kernel.allocator(), null, hardened));
  }

  @ParameterizedTest
  @CsvSource({
    "aarch64-4k, v5",
    "aarch64-4k, v6",
    "aarch64-4k, v7",
    "aarch64-4k, freetype",
    "x86_64-4level, v5",
    "x86_64-4level, v6",
    "x86_64-4level, v7",
    "x86_64-4level, freetype"
  })
  void soundKernel_processesVmallocAndSplits_isSilent(String format, String design) {
    HardenedTables hardened = boot(format, design);
    try (KernelMachine kernel = hardened.kernel();
        Oracles oracles = watch(hardened)) {
      Cpu cpu = kernel.cpu(0);
      Processes processes =
          new Processes(kernel.machine(), kernel.shootdown(), TopTables.of(kernel));
      processes.add(hardened.keys());
      SharedRoots roots = new SharedRoots(kernel.tables(), kernel.rootPa());
      processes.add(roots);
      Mm mm = requireNonNull(processes.createMm(cpu));
      processes.run(cpu, processes.createTask(Task.Kind.USER, mm));
      PageRange area = new PageRange(kernel.layout().vmallocBase(), 64L << 20, 4L << 20);
      int rights = Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.ACCESSED;
      KernelVmap vmap =
          new KernelVmap(
              kernel.tables(),
              kernel.directMap(),
              kernel.tablePages(),
              kernel.shootdown(),
              roots,
              kernel.machine().events());
      assertThat(vmap.map(cpu, area, rights, /* largestLevel= */ 1)).isZero();
      long va = kernel.directMap().va((1L << 18) + 5);
      assertThat(kernel.directMap().setMemory(cpu, AttributeChange.NOT_PRESENT, va, 1)).isZero();
      assertThat(kernel.directMap().setMemory(cpu, AttributeChange.PRESENT, va, 1)).isZero();
      assertThat(oracles.inspect()).isEmpty();
      processes.run(cpu, processes.createTask(Task.Kind.KERNEL_THREAD, null));
      processes.exit(cpu, mm);
      hardened.shrink(cpu, 512);
      assertThat(oracles.inspect()).isEmpty();
    }
  }

  private static void assertSpeaks(Oracles oracles, String what) {
    List<Violation> found = oracles.inspect();
    assertThat(found).extracting(Violation::oracle).containsOnly("tables-protected");
    assertThat(found).extracting(Violation::what).anyMatch(text -> text.contains(what));
  }

  @Test
  void register_leftAtARaisedLevel_isFound() {
    HardenedTables hardened = boot(ARM64, "v7");
    try (KernelMachine kernel = hardened.kernel();
        Oracles oracles = watch(hardened)) {
      hardened.keys().set(kernel.cpu(1), KeyLevel.PGTABLES);
      assertSpeaks(oracles, "CPU 1 is at rest with key register");
    }
  }

  @Test
  void table_withItsKeyTakenAway_isFound() {
    HardenedTables hardened = boot(ARM64, "v7");
    try (KernelMachine kernel = hardened.kernel();
        Oracles oracles = watch(hardened)) {
      long pfn = kernel.rootPa() >>> 12;
      hardened.changeKey(kernel.cpu(0), pfn, 1, KeyLevel.KEY_DEFAULT);
      assertSpeaks(oracles, "has key 0");
    }
  }

  @Test
  void table_mappedAgainInVmalloc_isFoundWhenItIsWritten() {
    HardenedTables hardened = boot(ARM64, "v7");
    try (KernelMachine kernel = hardened.kernel();
        Oracles oracles = watch(hardened)) {
      PageRange alias = new PageRange(kernel.layout().vmallocBase(), kernel.rootPa(), 4096);
      kernel
          .tables()
          .map(
              kernel.cpu(0),
              kernel.rootPa(),
              alias,
              Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.ACCESSED,
              1,
              kernel.tablePages());
      assertThat(oracles.violations()).isNotEmpty();
      assertSpeaks(oracles, "with key 0");
    }
  }

  @Test
  void keyChangedBehindATranslation_isFoundInTheCache() {
    HardenedTables hardened = boot(ARM64, "v7");
    try (KernelMachine kernel = hardened.kernel();
        Oracles oracles = watch(hardened)) {
      Cpu cpu = kernel.cpu(0);
      long pfn = kernel.rootPa() >>> 12;
      hardened.changeKey(cpu, pfn, 1, KeyLevel.KEY_DEFAULT);
      assertThat(cpu.load(kernel.directMap().va(pfn), Access.READ)).isNotEqualTo(-1);
      long entryPa = kernel.tables().peekLookup(kernel.rootPa(), kernel.directMap().va(pfn)) & ~7L;
      long key = (long) KeyLevel.KEY_PGTABLES << 60;
      kernel.tables().writeEntry(cpu, entryPa, kernel.tables().peek(entryPa) | key);
      assertSpeaks(oracles, "still translates");
    }
  }
}
