package org.pagewright.faulty.directmap;

import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.pgtable.PageTableDump;

/**
 * A collapse frees a table that a dumper is reading (arch/x86/mm/pat/set_memory.c, Linux 6.15 until
 * commit a1c7570cedd0, 2026). The configuration of Linux 7.0 is the bug, the one of 7.3 its fix.
 *
 * <p>Scenario: CPU 0 makes the last page of a 2M range read-only and executable, so that the range
 * collapses; CPU 1 dumps the range.
 */
public final class CollapseFreesUnderDump {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "cpa-collapse-frees-under-ptdump",
          26,
          PlantedBug.Status.CONFIRMED,
          "table-life",
          "a collapse frees a table that a dumper reads",
          Search.exhaust(CollapseFreesUnderDump::collapseAndDump, /* preemptionsMax= */ 2));

  private static final long DUMPED_BYTES = 32 << 12;

  private CollapseFreesUnderDump() {}

  private static Trial<ModuleKernel> collapseAndDump(boolean isPlanted) {
    DirectMapConfig config = isPlanted ? DirectMapConfig.LINUX_7_0 : DirectMapConfig.LINUX_7_3;
    return Trial.ofTwo(
        () -> new ModuleKernel(config),
        Act.of(
            "set_memory_rox page 0",
            (kernel, cpu) -> kernel.set(cpu, AttributeChange.READ_ONLY_EXECUTABLE, 0)),
        Act.of("dump", CollapseFreesUnderDump::dump));
  }

  private static long dump(ModuleKernel kernel, Cpu cpu) {
    long from = kernel.moduleVa();
    new PageTableDump(kernel.tables(), kernel.map().rootPa(), kernel.map().mmapLock())
        .dump(cpu, from, from + DUMPED_BYTES, (start, end, level, bits) -> {});
    return 0;
  }
}
