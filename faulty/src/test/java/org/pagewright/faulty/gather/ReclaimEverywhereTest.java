package org.pagewright.faulty.gather;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.oracle.Violation;
import org.pagewright.kernel.tablelife.ArchTableRow;
import org.pagewright.kernel.tablelife.ArchTables;
import org.pagewright.kernel.tablelife.FreeMode;
import org.pagewright.kernel.tablelife.LinuxVersion;

/** PT_RECLAIM switched on for every architecture, with its way to free tables. */
final class ReclaimEverywhereTest {
  /**
   * forced: PT_RECLAIM with the ways of 6.12 to free tables, as "Enable CONFIG_PT_RECLAIM on all
   * architectures" would have had it. merged: Linux 7.0, where Kconfig allows it.
   */
  private static final String EXPECTED =
      """
      alpha               | forced: use after free | merged: clean
      arc                 | forced: use after free | merged: off
      arm                 | forced: use after free | merged: off
      arm-lpae            | forced: clean          | merged: clean
      arm64-4k            | forced: clean          | merged: clean
      arm64-4k-52         | forced: clean          | merged: clean
      arm64-16k           | forced: clean          | merged: clean
      arm64-64k           | forced: clean          | merged: clean
      csky                | forced: use after free | merged: off
      hexagon             | forced: use after free | merged: off
      loongarch64         | forced: use after free | merged: clean
      m68k-motorola       | forced: use after free | merged: off
      m68k-coldfire       | forced: use after free | merged: off
      m68k-sun3           | forced: use after free | merged: off
      microblaze          | forced: use after free | merged: off
      mips32              | forced: use after free | merged: clean
      mips64              | forced: use after free | merged: clean
      nios2               | forced: use after free | merged: off
      openrisc            | forced: use after free | merged: off
      parisc32            | forced: use after free | merged: clean
      parisc64            | forced: use after free | merged: clean
      powerpc64-radix-4k  | forced: clean          | merged: off
      powerpc64-radix-64k | forced: clean          | merged: off
      powerpc64-hash-4k   | forced: clean          | merged: off
      powerpc64-hash-64k  | forced: clean          | merged: off
      powerpc64-nohash    | forced: clean          | merged: off
      powerpc32           | forced: clean          | merged: off
      riscv32             | forced: clean          | merged: clean
      riscv64-sv39        | forced: clean          | merged: clean
      riscv64-sv48        | forced: clean          | merged: clean
      riscv64-sv57        | forced: clean          | merged: clean
      s390                | forced: clean          | merged: clean
      sh                  | forced: use after free | merged: off
      sh-x2tlb            | forced: use after free | merged: off
      sparc32             | forced: use after free | merged: off
      sparc64             | forced: clean          | merged: off
      um64                | forced: use after free | merged: clean
      um32                | forced: use after free | merged: clean
      x86-32              | forced: clean          | merged: clean
      x86-pae             | forced: clean          | merged: clean
      x86-64              | forced: clean          | merged: clean
      x86-64-5level       | forced: clean          | merged: clean
      xtensa              | forced: use after free | merged: off
      """;

  /** Verdicts by how a table is freed: rows that free alike behave alike here. */
  private final Map<List<FreeMode>, String> verdicts = new HashMap<>();

  @Test
  void everyRow_forcedAndAsMerged_isAsTheSeriesSays() {
    String observed =
        ArchTables.all().stream()
            .map(row ->
                String.format(
                    Locale.ROOT,
                    "%-19s | forced: %-14s | merged: %s",
                    row.name(),
                    verdict(row, LinuxVersion.V6_12),
                    row.reclaims(LinuxVersion.V7_0) ? verdict(row, LinuxVersion.V7_0) : "off"))
            .collect(Collectors.joining("\n", "", "\n"));

    assertThat(observed).isEqualTo(EXPECTED);
  }

  private String verdict(ArchTableRow row, LinuxVersion version) {
    List<FreeMode> modes = List.of(row.mode(1, version), row.mode(2, version));
    return verdicts.computeIfAbsent(modes, same -> explore(row, version));
  }

  private static String explore(ArchTableRow row, LinuxVersion version) {
    Exploration exploration =
        new Explorer(FreesReclaimedAtOnce.reclaimUnderWalk(row, version))
            .exhaust(/* preemptionsMax= */ 2, () -> false);
    Exploration.Failure failure = exploration.failure();
    if (failure == null) {
      return "clean";
    }
    assertThat(failure.violations()).extracting(Violation::oracle).containsOnly("table-life");
    return "use after free";
  }

  @Test
  void immediateFree_isReportedWithTheInterleaving() {
    Explorer explorer =
        new Explorer(
            FreesReclaimedAtOnce.reclaimUnderWalk(ArchTables.named("xtensa"), LinuxVersion.V6_12));

    Exploration.Failure failure =
        requireNonNull(explorer.exhaust(/* preemptionsMax= */ 1, () -> false).failure());

    assertThat(failure.violations().getFirst().toString()).contains("a table that was given back");
    List<Integer> cpus = new ArrayList<>();
    failure.rows().forEach(row -> cpus.add(row.cpu()));
    assertThat(cpus).contains(0, 1);
    Exploration again = explorer.replay(failure.schedule());
    assertThat(requireNonNull(again.failure()).violations()).isEqualTo(failure.violations());
  }
}
