package org.pagewright.faulty.gather;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.gather.ReclaimRules;
import org.pagewright.kernel.gather.UserTables;
import org.pagewright.kernel.tablelife.TableRules;

/**
 * PT_RECLAIM of Linux 7.0 tells the gather the address behind the table: what a walk cache holds of
 * a table that was empty already is not flushed.
 */
final class ReclaimAddressTest {
  /** A page is used and given back by itself, which keeps the table; then all of it is. */
  private static List<Violation> emptyFirst(String format, ReclaimRules rules) {
    try (TableWorld world =
        new TableWorld(
            format, TableRules.ALL, config -> config.withReclaim(rules), UserTables::new)) {
      Cpu cpu = world.kernel().cpu(0);
      long end = TableWorld.HEAP + TableWorld.TABLE_BYTES;
      world.fault(cpu, TableWorld.HEAP);
      assertThat(world.touch(cpu, TableWorld.HEAP)).isZero();
      world.dontNeed(cpu, TableWorld.HEAP, TableWorld.HEAP + TableWorld.PAGE_BYTES);
      world.dontNeed(cpu, TableWorld.HEAP, end);
      assertThat(world.tables().reclaimedTables()).isEqualTo(1);
      return world.inspect();
    }
  }

  @Test
  void linux70_onArm64_leavesAWalkCacheThatPointsToAFreedTable() {
    assertThat(emptyFirst("aarch64-4k", ReclaimRules.LINUX_7_0))
        .isNotEmpty()
        .extracting(Violation::oracle)
        .containsOnly("freed-frame-translations");
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "riscv64-sv39"})
  void linux70_whereAnyFlushDropsWalks_isSilent(String format) {
    assertThat(emptyFirst(format, ReclaimRules.LINUX_7_0)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "aarch64-4k", "riscv64-sv39"})
  void linux73_isSilent(String format) {
    assertThat(emptyFirst(format, ReclaimRules.LINUX_7_3)).isEmpty();
  }
}
