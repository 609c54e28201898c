package org.pagewright.kernel.directmap;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.Kernels;

/** When putting pages back into the direct map can fail: whoever assumes never must be sure. */
final class RestoreGranularityTest {
  private static final long FIRST_PFN = 8 << 8;
  private static final long PAGES = 512;

  /** Pages taken out and put back at a time, and how much is merged on the way. */
  @ParameterizedTest
  @CsvSource({
    "  1,   1, NEVER,                true",
    "  1,   1, READ_ONLY_EXECUTABLE, true",
    "  1,   1, ALWAYS,               true",
    "  1, 512, NEVER,                true",
    "  1, 512, ALWAYS,               true",
    "512, 512, NEVER,                true",
    "512, 512, ALWAYS,               true",
    "512,   1, NEVER,                false",
    "512,   1, READ_ONLY_EXECUTABLE, false",
    "512,   1, ALWAYS,               false",
  })
  void restore_withoutTables_failsOnlyInSmallerPiecesThanRemoved(
      long removed, long restored, DirectMapConfig.Collapse collapse, boolean succeeds) {
    KernelConfig config = Kernels.config("x86_64-4level", "0-32M");
    config = config.withDirectMap(config.directMap().withCollapse(collapse));
    EarlyKernel kernel = Kernels.early(config);
    try (Machine machine = kernel.machine()) {
      Cpu cpu = machine.cpu(0);
      DirectMap map = kernel.directMap();
      assertThat(set(cpu, map, removed, /* valid= */ false)).isZero();
      map.replaceSplitTables(new Kernels.FailingTables(kernel.earlyTables(), 0));
      int error = set(cpu, map, restored, /* valid= */ true);
      assertThat(error).isEqualTo(succeeds ? 0 : -Errno.ENOMEM);
      for (long pfn = FIRST_PFN; pfn < FIRST_PFN + PAGES; pfn++) {
        assertThat(map.isPresentNow(pfn)).isEqualTo(succeeds);
      }
    }
  }

  private static int set(Cpu cpu, DirectMap map, long pages, boolean valid) {
    for (long pfn = FIRST_PFN; pfn < FIRST_PFN + PAGES; pfn += pages) {
      int error = map.setValidNoflush(cpu, pfn, pages, valid);
      if (error != 0) {
        return error;
      }
    }
    return 0;
  }
}
