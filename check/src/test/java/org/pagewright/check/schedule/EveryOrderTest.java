package org.pagewright.check.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
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
import org.pagewright.hardware.cpu.CpuMask;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.SpinLock;

/** The reduced search reaches every outcome that the search of all orders reaches. */
final class EveryOrderTest {
  private static final int CELLS = 2;
  private static final int NO_LIMIT = 100_000;

  /** What one CPU does: each operation is a kind, a cell and a number. */
  private record Program(List<int[]> operations) {}

  private static final int READ = 0;
  private static final int WRITE = 1;
  private static final int LOCKED = 2;
  private static final int INTERRUPTS_OFF = 3;
  private static final int CALL = 4;
  private static final int TRY_LOCKED = 5;
  private static final int READ_LOCKED = 6;
  private static final int WRITE_LOCKED = 7;
  private static final int EMPTY_SECTION = 8;

  /**
   * Locks of a run, and what each program and the calls of each CPU have seen: apart, for it is no
   * outcome how reads of both follow each other.
   */
  private record Shared(
      SpinLock lock,
      RwSemaphore semaphore,
      List<StringBuilder> reads,
      List<StringBuilder> callReads) {}

  private final Set<String> outcomes = new TreeSet<>();
  private long runs;
  private long cut;

  private void run(Cells world, List<Program> programs, Scheduler scheduler) {
    world.restore();
    List<StringBuilder> reads = programs.stream().map(program -> new StringBuilder()).toList();
    List<StringBuilder> callReads = programs.stream().map(program -> new StringBuilder()).toList();
    LockClass locks = new LockClass("cells");
    Shared shared = new Shared(new SpinLock(locks, 1), new RwSemaphore(locks, 2), reads, callReads);
    Interleaving run = new Interleaving(world.machine(), scheduler, NO_LIMIT);
    for (int id = 0; id < programs.size(); id++) {
      Program program = programs.get(id);
      run.add(world.machine().cpu(id), cpu -> execute(world, cpu, program, shared));
    }
    Interleaving.Outcome outcome = run.run();
    if (outcome.ending() == Interleaving.Ending.STOPPED) {
      cut++;
      return;
    }
    runs++;
    assertThat(outcome.ending()).as(outcome.report()).isEqualTo(Interleaving.Ending.FINISHED);
    outcomes.add(reads + " " + callReads + world.load(world.machine().cpu(0), 0));
  }

  private static void execute(Cells world, Cpu cpu, Program program, Shared shared) {
    for (int[] operation : program.operations()) {
      execute(world, cpu, operation, shared);
    }
  }

  private static void execute(Cells world, Cpu cpu, int[] operation, Shared shared) {
    StringBuilder seen = shared.reads().get(cpu.id());
    int cell = operation[1];
    switch (operation[0]) {
      case READ -> seen.append(world.load(cpu, cell)).append(' ');
      case WRITE -> world.store(cpu, cell, operation[2]);
      case LOCKED -> {
        shared.lock().acquire(cpu);
        update(world, cpu, operation);
        shared.lock().release(cpu);
      }
      case INTERRUPTS_OFF -> {
        cpu.disableInterrupts();
        seen.append(world.load(cpu, cell)).append('-').append(world.load(cpu, 1 - cell));
        cpu.enableInterrupts();
      }
      case EMPTY_SECTION -> {
        cpu.disableInterrupts();
        cpu.enableInterrupts();
      }
      case CALL -> call(world, cpu, operation, shared);
      case TRY_LOCKED -> {
        if (shared.lock().tryAcquire(cpu)) {
          update(world, cpu, operation);
          shared.lock().release(cpu);
        } else {
          seen.append("busy ");
        }
      }
      case READ_LOCKED -> {
        shared.semaphore().acquireShared(cpu);
        seen.append(world.load(cpu, cell)).append('=').append(world.load(cpu, cell)).append(' ');
        shared.semaphore().releaseShared(cpu);
      }
      default -> {
        shared.semaphore().acquire(cpu);
        update(world, cpu, operation);
        shared.semaphore().release(cpu);
      }
    }
  }

  private static void update(Cells world, Cpu cpu, int[] operation) {
    int cell = operation[1];
    world.store(cpu, cell, world.load(cpu, cell) * 3 + operation[2]);
  }

  /** The others read one cell and write it; then this CPU writes the other cell. */
  private static void call(Cells world, Cpu cpu, int[] operation, Shared shared) {
    CpuMask others = new CpuMask(world.machine().cpus());
    for (int id = 0; id < world.machine().cpus(); id++) {
      if (id != cpu.id()) {
        others.add(id);
      }
    }
    world
        .machine()
        .interrupts()
        .call(
            cpu,
            others,
            target -> {
              StringBuilder seen = shared.callReads().get(target.id());
              seen.append('(').append(world.load(target, operation[1])).append(") ");
              world.store(target, operation[1], 100 + operation[2]);
            });
    world.store(cpu, 1 - operation[1], operation[2]);
  }

  private static List<Program> random(int[] kinds, int cpus, int operations, long seed) {
    SeededChoices choices = new SeededChoices(seed);
    List<Program> programs = new ArrayList<>();
    for (int cpu = 0; cpu < cpus; cpu++) {
      List<int[]> list = new ArrayList<>();
      for (int i = 0; i < operations; i++) {
        int kind = kinds[choices.pick(kinds.length, "kind")];
        list.add(new int[] {kind, choices.pick(CELLS, "cell"), 10 * cpu + i + 1});
      }
      programs.add(new Program(list));
    }
    return programs;
  }

  private static final int[] PLAIN = {READ, READ, WRITE, WRITE, LOCKED};

  @ParameterizedTest
  @CsvSource({"2, 3, 20", "2, 4, 2", "3, 2, 1"})
  void run_randomPrograms_reachesTheOutcomesOfAllOrders(int cpus, int operations, int programs) {
    compare(PLAIN, cpus, operations, programs);
  }

  @ParameterizedTest
  @CsvSource({"2, 2, 8", "3, 1, 4"})
  void run_programsThatCallEachOther_reachesTheOutcomesOfAllOrders(
      int cpus, int operations, int programs) {
    compare(
        new int[] {READ, WRITE, INTERRUPTS_OFF, EMPTY_SECTION, CALL}, cpus, operations, programs);
  }

  @ParameterizedTest
  @CsvSource({"2, 2, 20"})
  void run_programsWithLocksOfAllKinds_reachesTheOutcomesOfAllOrders(
      int cpus, int operations, int programs) {
    compare(
        new int[] {LOCKED, TRY_LOCKED, READ_LOCKED, WRITE_LOCKED, READ},
        cpus,
        operations,
        programs);
  }

  private void compare(int[] kinds, int cpus, int operations, int programs) {
    long allRuns = 0;
    long reducedRuns = 0;
    try (Cells world = new Cells(CELLS, cpus, cells -> true)) {
      for (int seed = 0; seed < programs; seed++) {
        List<Program> chosen = random(kinds, cpus, operations, seed);
        ExhaustiveChoices odometer = new ExhaustiveChoices();
        do {
          run(world, chosen, Scheduler.of(odometer, /* decidesInterrupts= */ true));
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

  /**
   * The call may be taken before all that the other CPU does; then this one reads the old value.
   */
  @Test
  void run_callAroundASectionThatDoesNothing_isTakenBeforeAndAfter() {
    Program calling = new Program(List.of(new int[] {CALL, 0, 5}, new int[] {READ, 1, 0}));
    Program other = new Program(List.of(new int[] {WRITE, 1, 9}, new int[] {EMPTY_SECTION, 0, 0}));
    compare(List.of(calling, other));
  }

  private void compare(List<Program> chosen) {
    try (Cells world = new Cells(CELLS, 2, cells -> true)) {
      ExhaustiveChoices odometer = new ExhaustiveChoices();
      do {
        run(world, chosen, Scheduler.of(odometer, /* decidesInterrupts= */ true));
      } while (odometer.next());
      Set<String> expected = new TreeSet<>(outcomes);
      outcomes.clear();
      EveryOrder order = new EveryOrder(2);
      while (order.begin()) {
        run(world, chosen, order);
      }
      assertThat(outcomes).isEqualTo(expected);
    }
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
    List<Program> programs = random(PLAIN, 2, 4, /* seed= */ 3);
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
