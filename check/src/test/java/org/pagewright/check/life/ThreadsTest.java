package org.pagewright.check.life;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.KernelConfig;

/** Threads that change and use the same memory at once, under many schedules. */
final class ThreadsTest {
  private static final int PROGRAMS = 16;
  private static final int SCHEDULES = 6;

  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, false, 1",
    "x86_64-4level, true, 2",
    "x86_64-5level, true, 13",
    "x86_64-pae, false, 4",
    "aarch64-4k, false, 5",
    "aarch64-64k, false, 6",
    "riscv64-sv39, false, 7"
  })
  void threadsOfOneProcess_underAnySchedule_breakNoProperty(
      String format, boolean isIsolated, long seed) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.of(64L << 20));
    KernelConfig config = KernelConfig.bare(hardware).withIsolation(isIsolated);
    SeededChoices choices = new SeededChoices(seed);
    for (int i = 0; i < PROGRAMS; i++) {
      List<List<Act<ThreadsWorld>>> programs = new ArrayList<>();
      for (int cpu = 0; cpu < 2; cpu++) {
        programs.add(List.of(act(choices), act(choices), act(choices)));
      }
      Trial<ThreadsWorld> trial = new Trial<>(() -> new ThreadsWorld(config), programs);
      Exploration result = new Explorer(trial).sample(SCHEDULES, seed, () -> false);
      assertThat(result.failure()).as("program %d", i).isNull();
    }
  }

  private static Act<ThreadsWorld> act(SeededChoices choices) {
    int kind = choices.pick(ThreadsWorld.ACTS, "act");
    int page = choices.pick(ThreadsWorld.PAGES, "page");
    return Act.of(kind + " " + page, (world, cpu) -> world.act(cpu, kind, page));
  }
}
