package org.pagewright.check.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.check.explore.Cells;
import org.pagewright.hardware.choice.ExhaustiveChoices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.SpinLock;

/** The reduced search reaches every outcome that the search of all orders reaches. */
final class EveryOrderTest {
  private static final int CELLS = 2;
  private static final int NO_LIMIT = 100_000;

  /** What one CPU does: each number is a read, or a write of what was read plus the number. */
  private record Program(List<int[]> operations) {}

  private final Set<String> outcomes = new TreeSet<>();
  private long runs;
  private long cut;

  private void run(Cells world, List<Program> programs, Scheduler scheduler) {
    world.restore();
    SpinLock lock = new SpinLock(new LockClass("cells"), 1);
    Interleaving run = new Interleaving(world.machine(), scheduler, NO_LIMIT);
    StringBuilder[] reads = new StringBuilder[programs.size()];
    for (int id = 0; id < programs.size(); id++) {
      StringBuilder seen = new StringBuilder();
      reads[id] = seen;
      Program program = programs.get(id);
      run.add(world.machine().cpu(id), cpu -> execute(world, cpu, program, lock, seen));
    }
    Interleaving.Outcome outcome = run.run();
    if (outcome.ending() == Interleaving.Ending.STOPPED) {
      cut++;
      return;
    }
    runs++;
    assertThat(outcome.ending()).isEqualTo(Interleaving.Ending.FINISHED);
    outcomes.add(Arrays.toString(reads) + world.load(world.machine().cpu(0), 0));
  }

  private static void execute(
      Cells world, Cpu cpu, Program program, SpinLock lock, StringBuilder seen) {
    for (int[] operation : program.operations()) {
      int cell = operation[1];
      switch (operation[0]) {
        case 0 -> seen.append(world.load(cpu, cell)).append(' ');
        case 1 -> world.store(cpu, cell, operation[2]);
        default -> {
          lock.acquire(cpu);
          world.store(cpu, cell, world.load(cpu, cell) * 3 + operation[2]);
          lock.release(cpu);
        }
      }
    }
  }

  private static List<Program> random(int cpus, int operations, long seed) {
    SeededChoices choices = new SeededChoices(seed);
    List<Program> programs = new ArrayList<>();
    for (int cpu = 0; cpu < cpus; cpu++) {
      List<int[]> list = new ArrayList<>();
      for (int i = 0; i < operations; i++) {
        int kind = choices.pick(5, "kind") / 2;
        list.add(new int[] {kind, choices.pick(CELLS, "cell"), 10 * cpu + i + 1});
      }
      programs.add(new Program(list));
    }
    return programs;
  }

  @ParameterizedTest
  @CsvSource({"2, 3, 20", "2, 4, 2", "3, 2, 1"})
  void run_randomPrograms_reachesTheOutcomesOfAllOrders(int cpus, int operations, int programs) {
    long allRuns = 0;
    long reducedRuns = 0;
    try (Cells world = new Cells(CELLS, cpus, cells -> true)) {
      for (int seed = 0; seed < programs; seed++) {
        List<Program> chosen = random(cpus, operations, seed);
        ExhaustiveChoices odometer = new ExhaustiveChoices();
        do {
          run(world, chosen, Scheduler.of(odometer));
        } while (odometer.next());
        Set<String> expected = new TreeSet<>(outcomes);
        outcomes.clear();
        allRuns += runs;
        runs = 0;
        EveryOrder order = new EveryOrder(cpus);
        while (order.begin()) {
          run(world, chosen, order);
        }
        assertThat(outcomes).as("seed " + seed).isEqualTo(expected);
        assertThat(order.cut()).isEqualTo(cut);
        outcomes.clear();
        reducedRuns += runs;
        runs = 0;
        cut = 0;
      }
    }
    assertThat(reducedRuns).isLessThan(allRuns / 3);
  }

  @Test
  void run_programsThatMeetNowhere_runsOnce() {
    Program first = new Program(List.of(new int[] {1, 0, 1}, new int[] {0, 0, 0}));
    Program second = new Program(List.of(new int[] {1, 1, 1}, new int[] {0, 1, 0}));
    try (Cells world = new Cells(CELLS, 2, cells -> true)) {
      EveryOrder order = new EveryOrder(2);
      while (order.begin()) {
        run(world, List.of(first, second), order);
      }
    }
    assertThat(runs + cut).isEqualTo(1);
  }

  @Test
  void position_inTheMiddle_continuesTheSearch() {
    List<Program> programs = random(2, 4, /* seed= */ 3);
    try (Cells world = new Cells(CELLS, 2, cells -> true)) {
      Strategy order = new EveryOrder(2);
      while (order.begin()) {
        run(world, programs, order);
      }
      long whole = runs + cut;
      Set<String> expected = new TreeSet<>(outcomes);
      outcomes.clear();
      runs = 0;
      cut = 0;
      order = new EveryOrder(2);
      while (order.begin()) {
        run(world, programs, order);
        order = Positions.parse(2, order.position());
      }
      assertThat(runs + cut).isEqualTo(whole).isGreaterThan(10);
      assertThat(outcomes).isEqualTo(expected);
    }
  }
}
