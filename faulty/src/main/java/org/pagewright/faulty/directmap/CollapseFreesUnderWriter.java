package org.pagewright.faulty.directmap;

import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMapConfig;

/**
 * A change of attributes finds an entry without a lock, and a collapse frees the table under it
 * (arch/x86/mm/pat/set_memory.c, Linux 6.15 until commit d5d8b8662e6e, 2026). The configuration of
 * Linux 7.0 is the bug, the one of 7.3 its fix.
 *
 * <p>Scenario: CPU 0 makes the last page of a 2M range read-only and executable, so that the range
 * collapses; CPU 1 changes another page of it, in every order of their steps.
 */
public final class CollapseFreesUnderWriter {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "cpa-collapse-frees-under-writer",
          25,
          PlantedBug.Status.CONFIRMED,
          "table-life",
          "a collapse frees a table in which another CPU writes",
          Search.exhaust(CollapseFreesUnderWriter::twoChanges, /* preemptionsMax= */ 2));

  private CollapseFreesUnderWriter() {}

  private static Trial<ModuleKernel> twoChanges(boolean isPlanted) {
    DirectMapConfig config = isPlanted ? DirectMapConfig.LINUX_7_0 : DirectMapConfig.LINUX_7_3;
    return Trial.ofTwo(
        () -> new ModuleKernel(config),
        Act.of(
            "set_memory_rox page 0",
            (kernel, cpu) -> kernel.set(cpu, AttributeChange.READ_ONLY_EXECUTABLE, 0)),
        Act.of(
            "set_memory_nx page 1",
            (kernel, cpu) -> kernel.set(cpu, AttributeChange.NOT_EXECUTABLE, 1)));
  }
}
