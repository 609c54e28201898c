package org.pagewright.kernel.kpkeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.FaultKind;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.pgtable.EntrySlot;

/** The KUnit expectations of the series. */
final class HardenedTablesTest {
  private static final List<String> FORMATS = List.of("aarch64-4k", "x86_64-4level");
  private static final String MAP = "0-3G";

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

  private static KernelMachine boot(String format, KpkeysConfig config) {
    KernelConfig kernel = Kernels.config(format, MAP);
    boolean byPages = config.supply() == KpkeysConfig.Supply.PAGE;
    return KernelMachine.boot(
        kernel.withDirectMap(kernel.directMap().withLargestLeafLevel(byPages ? 1 : 3)));
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

  private static int assertTreeProtected(KernelMachine kernel, long tablePa, int level) {
    PteFormat format = kernel.machine().format();
    assertPlainWriteFaults(kernel, tablePa);
    int tables = 1;
    for (long i = 0; level > 1 && i < 512; i++) {
      long entry = kernel.tables().peek(tablePa + i * 8);
      if (format.isTable(entry, level)) {
        tables += assertTreeProtected(kernel, format.pa(entry, level), level - 1);
      }
    }
    return tables;
  }

  @ParameterizedTest
  @MethodSource("designs")
  void plainWrite_anyTable_faults(String format, KpkeysConfig config) {
    try (KernelMachine kernel = boot(format, config)) {
      Cpu cpu = kernel.cpu(0);
      HardenedTables hardened = new HardenedTables(kernel, config, cpu);
      int top = kernel.machine().format().topLevel();
      int early = assertTreeProtected(kernel, kernel.rootPa(), top);
      assertThat(early).isGreaterThanOrEqualTo(2);
      long vmalloc = kernel.layout().vmallocBase();
      long slot = kernel.tables().makeEntry(cpu, kernel.rootPa(), vmalloc, 1, hardened.tables());
      assertThat(slot).isNotEqualTo(EntrySlot.NONE);
      kernel.tables().writeEntry(cpu, EntrySlot.pa(slot), 0);
      assertThat(hardened.deniedWrites()).isZero();
      long userRoot = kernel.tables().allocateTable(cpu, top, hardened.tables());
      long user = kernel.tables().makeEntry(cpu, userRoot, 0x40_0000, 1, hardened.tables());
      assertThat(user).isNotEqualTo(EntrySlot.NONE);
      assertTreeProtected(kernel, userRoot, top);
      assertThat(assertTreeProtected(kernel, kernel.rootPa(), top)).isGreaterThan(early);
    }
  }

  @ParameterizedTest
  @MethodSource("designs")
  void table_givenBack_canBeWrittenOrIsKept(String format, KpkeysConfig config) {
    try (KernelMachine kernel = boot(format, config)) {
      Cpu cpu = kernel.cpu(0);
      HardenedTables hardened = new HardenedTables(kernel, config, cpu);
      long tablePa = kernel.tables().allocateTable(cpu, 1, hardened.tables());
      kernel.tables().freeTable(cpu, tablePa, 1, hardened.tables());
      long pfn = tablePa >>> 12;
      boolean writable = cpu.store(kernel.layout().directVa(tablePa), Access.WRITE, 0);
      assertThat(writable).isNotEqualTo(hardened.pages().isKept(pfn));
    }
  }

  @ParameterizedTest
  @MethodSource("designs")
  void level_nestedBatchedAndInExceptions_isRestored(String format, KpkeysConfig config) {
    try (KernelMachine kernel = boot(format, config)) {
      Cpu cpu = kernel.cpu(0);
      Kpkeys keys = new HardenedTables(kernel, config, cpu).keys();
      long initial = keys.initial();
      long before = keys.switches();
      keys.enterLazy(cpu);
      keys.enterLazy(cpu);
      assertThat(keys.set(cpu, KeyLevel.PGTABLES)).isEqualTo(Kpkeys.UNCHANGED);
      long saved = keys.enterException(cpu);
      assertThat(keys.register(cpu)).isEqualTo(initial);
      keys.leaveException(cpu, saved);
      long other = keys.switchThread(cpu, initial);
      assertPlainWriteFaults(kernel, kernel.rootPa());
      keys.switchThread(cpu, other);
      keys.leaveLazy(cpu);
      assertThat(keys.register(cpu)).isNotEqualTo(initial);
      keys.leaveLazy(cpu);
      assertThat(keys.register(cpu)).isEqualTo(initial);
      assertThat(keys.switches() - before).isEqualTo(6);
    }
  }
}
