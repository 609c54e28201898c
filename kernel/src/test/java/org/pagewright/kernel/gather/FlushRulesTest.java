package org.pagewright.kernel.gather;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.paging.Access;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.BreaksProperty;

/** What a gather flushes, and whether the caches of tables survive it, by architecture. */
final class FlushRulesTest {
  private static final long HEAP = 1L << 30;
  private static final long PAGE = 4096;
  private static final long TABLE = 512 * PAGE;

  private static final String EXPECTED =
      """
      x86_64-4level | one page           | pages 1   | walks dropped
      x86_64-4level | 34 pages           | all       | walks dropped
      x86_64-4level | page and its table | pages 1   | walks dropped
      x86_64-4level | whole, no table    | all       | walks dropped
      x86_64-4level | whole, with tables | all       | walks dropped
      aarch64-4k    | one page           | pages 1   | walks kept
      aarch64-4k    | 34 pages           | pages 34  | walks kept
      aarch64-4k    | page and its table | pages 1   | walks dropped
      aarch64-4k    | whole, no table    | none      | walks kept
      aarch64-4k    | whole, with tables | all       | walks dropped
      riscv64-sv39  | one page           | pages 1   | walks kept
      riscv64-sv39  | 34 pages           | pages 34  | walks kept
      riscv64-sv39  | page and its table | all       | walks dropped
      riscv64-sv39  | whole, no table    | all       | walks dropped
      riscv64-sv39  | whole, with tables | all       | walks dropped
      """;

  @Test
  @BreaksProperty(
      value = "freed-frame-translations",
      because = "an address space ends on arm64 while a CPU still runs it")
  void flushes_ofEachKindOfGather_coverWhatTheArchitectureSays() {
    StringBuilder observed = new StringBuilder();
    for (String format : List.of("x86_64-4level", "aarch64-4k", "riscv64-sv39")) {
      observed.append(row(format, "one page", 1, false, false));
      observed.append(row(format, "34 pages", 34, false, false));
      observed.append(row(format, "page and its table", 1, false, true));
      observed.append(row(format, "whole, no table", 1, true, false));
      observed.append(row(format, "whole, with tables", 1, true, true));
    }
    assertThat(observed).hasToString(EXPECTED);
  }

  private static String row(
      String format, String what, int pages, boolean isWhole, boolean withTables) {
    try (GatherWorld world = new GatherWorld(format)) {
      for (int i = 0; i < pages; i++) {
        world.map(HEAP + i * PAGE);
      }
      assertThat(world.cpu.store(HEAP, Access.WRITE | Access.USER, 1)).isTrue();
      assertThat(walks(world)).isPositive();
      List<String> flushes = new ArrayList<>();
      EventLog.Reader reader =
          (kind, cpu, context, from, to) -> {
            if (kind == KernelEvent.FLUSH_MM) {
              flushes.add(to == -1 ? "all" : "pages " + (to - from) / PAGE);
            }
          };
      world.kernel.machine().events().attach(reader);
      MmuGather gather = world.tables.gather(world.mm, isWhole);
      world.tables.zap(world.cpu, gather, HEAP, HEAP + pages * PAGE, world, false);
      if (withTables) {
        world.freeTables(gather, HEAP, HEAP + TABLE, HEAP + TABLE);
      } else {
        gather.finish(world.cpu);
      }
      world.kernel.machine().events().detach(reader);
      return String.format(
          Locale.ROOT,
          "%-13s | %-18s | %-9s | walks %s%n",
          format,
          what,
          flushes.isEmpty() ? "none" : String.join(", ", flushes),
          walks(world) == 0 ? "dropped" : "kept");
    }
  }

  /** Tables of the heap's address that the CPU remembers. */
  private static int walks(GatherWorld world) {
    int[] count = new int[1];
    world
        .cpu
        .tlb()
        .forEachStructure((level, va, spanShift, asid, tablePa) -> {
          boolean isHeaps = va >>> spanShift == HEAP >>> spanShift && level <= 2;
          count[0] += isHeaps ? 1 : 0;
        });
    return count[0];
  }
}
