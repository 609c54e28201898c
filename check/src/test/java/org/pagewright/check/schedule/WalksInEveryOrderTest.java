package org.pagewright.check.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.hardware.choice.ExhaustiveChoices;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.CpuMask;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Mmu;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.TableBuilder;
import org.pagewright.hardware.tlb.TlbScope;

/**
 * Programs that use memory through the MMU while others write entries and invalidate: the reduced
 * search reaches every outcome, though it takes most of these steps to commute.
 */
final class WalksInEveryOrderTest {
  private static final PteFormat FORMAT = PteFormat.named("x86_64-4level");
  private static final long RAM_BYTES = 4L << 20;
  private static final long PAGES_PA = 1L << 20;
  private static final long TABLES_PA = 2L << 20;
  private static final int NO_LIMIT = 100_000;

  /**
   * Two addresses of one table; one at the place of the first in another table; and one whose place
   * in the table above is that of the first in its own.
   */
  private static final long[] VAS = {0x40_3000, 0x40_4000, 0x80_3000, 0x60_5000};

  private static final int LEAF = 1;
  private static final int MIDDLE = 2;
  private static final int TOUCHED = Rights.ACCESSED | Rights.DIRTY;

  /** What one CPU does: each operation is a kind, an address and a number. */
  private record Program(List<int[]> operations) {}

  private static final int LOAD = 0;
  private static final int STORE = 1;
  private static final int MAP = 2;
  private static final int UNMAP = 3;
  private static final int REPLACE_TABLE = 4;
  private static final int READ_ENTRY = 5;
  private static final int INVALIDATE = 6;
  private static final int INVALIDATE_EVERYWHERE = 7;
  private static final int BROADCAST = 8;
  private static final int CALL = 9;
  private static final int QUIET_LOAD = 10;
  private static final int ROOT_LOAD = 11;
  private static final int[] ALL_KINDS = {
    LOAD, LOAD, STORE, MAP, UNMAP, REPLACE_TABLE, READ_ENTRY, INVALIDATE, INVALIDATE_EVERYWHERE
  };
  private static final int[] CALLING_KINDS = {
    LOAD, STORE, UNMAP, MAP, INVALIDATE, CALL, QUIET_LOAD, ROOT_LOAD
  };

  private final Machine machine =
      new Machine(MachineConfig.small(FORMAT).withMap(MemoryMap.of(RAM_BYTES)));
  private final TableBuilder tables =
      new TableBuilder(
          machine.memory(), FORMAT, TableBuilder.FrameSource.rising(TABLES_PA, RAM_BYTES));
  private final long[] leafEntries = new long[VAS.length];
  private final long[] middleEntries = new long[VAS.length];
  private final long[] middles = new long[VAS.length];
  private final Set<String> outcomes = new TreeSet<>();
  private long runs;
  private long cut;

  WalksInEveryOrderTest() {
    for (int i = 0; i < VAS.length; i++) {
      tables.writeEntry(VAS[i], LEAF, leaf(i, 0));
      leafEntries[i] = tables.entryPa(VAS[i], LEAF);
      middleEntries[i] = tables.entryPa(VAS[i], MIDDLE);
      middles[i] = machine.memory().read(middleEntries[i]);
    }
    for (int id = 0; id < machine.cpus(); id++) {
      machine.cpu(id).mmu().loadRoot(tables.rootPa(), /* noFlush= */ false);
    }
  }

  @AfterEach
  void close() {
    machine.close();
  }

  /** Of each address there are several pages; what is new is not marked as used. */
  private static long leaf(int address, int page) {
    long pa = PAGES_PA + (4L * page + address) * FORMAT.pageBytes();
    return FORMAT.leaf(LEAF, pa, Rights.KERNEL_READ | Rights.KERNEL_WRITE);
  }

  private void reset() {
    machine.abandonRun();
    for (int i = 0; i < VAS.length; i++) {
      machine.memory().write(middleEntries[i], middles[i]);
    }
    for (int i = 0; i < VAS.length; i++) {
      tables.writeEntry(VAS[i], LEAF, leaf(i, 0));
    }
    for (int page = 0; page < 16; page++) {
      machine.memory().write(PAGES_PA + page * FORMAT.pageBytes(), 100 + page);
    }
    for (int id = 0; id < machine.cpus(); id++) {
      machine.cpu(id).mmu().invalidateAll(0, TlbScope.ALL);
    }
  }

  private void run(List<Program> programs, Scheduler scheduler) {
    reset();
    List<StringBuilder> seen = programs.stream().map(program -> new StringBuilder()).toList();
    Interleaving run = new Interleaving(machine, scheduler, NO_LIMIT);
    for (int id = 0; id < programs.size(); id++) {
      Program program = programs.get(id);
      StringBuilder mine = seen.get(id);
      run.add(machine.cpu(id), cpu -> execute(cpu, program, mine));
    }
    Interleaving.Outcome outcome = run.run();
    StringBuilder end = new StringBuilder(seen.toString());
    for (long entryPa : leafEntries) {
      end.append(' ').append(Long.toHexString(machine.memory().read(entryPa)));
    }
    if (outcome.ending() == Interleaving.Ending.STOPPED) {
      cut++;
      return;
    }
    runs++;
    assertThat(outcome.ending()).as(outcome.report()).isEqualTo(Interleaving.Ending.FINISHED);
    outcomes.add(end.toString());
  }

  private void execute(Cpu cpu, Program program, StringBuilder seen) {
    for (int[] operation : program.operations()) {
      execute(cpu, operation, seen);
    }
  }

  private void execute(Cpu cpu, int[] operation, StringBuilder seen) {
    Mmu mmu = cpu.mmu();
    int address = operation[1];
    switch (operation[0]) {
      case LOAD -> {
        long value = mmu.load(VAS[address], Access.READ);
        seen.append(mmu.fault() == 0 ? value : "fault").append(' ');
      }
      case STORE -> seen.append(mmu.store(VAS[address], Access.WRITE, operation[2])).append(' ');
      case MAP -> write(cpu, leafEntries[address], leaf(address, operation[2] % 4));
      case UNMAP -> write(cpu, leafEntries[address], 0);
      case REPLACE_TABLE -> write(cpu, middleEntries[address], middles[(address + 2) % VAS.length]);
      case READ_ENTRY -> {
        cpu.step(Step.ENTRY_READ, leafEntries[address]);
        seen.append(Long.toHexString(machine.memory().read(leafEntries[address]))).append(' ');
      }
      case INVALIDATE -> mmu.invalidatePage(VAS[address]);
      case INVALIDATE_EVERYWHERE -> {
        mmu.broadcastInvalidate(VAS[address], /* pages= */ 1, /* pcid= */ 0, Mmu.INVLPGB_VA);
        mmu.tlbsync();
      }
      case CALL -> call(cpu, address);
      case QUIET_LOAD -> {
        cpu.disableInterrupts();
        execute(cpu, new int[] {LOAD, address, 0}, seen);
        cpu.enableInterrupts();
      }
      case ROOT_LOAD -> mmu.loadRoot(tables.rootPa(), /* noFlush= */ false);
      default ->
          mmu.broadcastInvalidate(VAS[address], /* pages= */ 1, /* pcid= */ 0, Mmu.INVLPGB_VA);
    }
  }

  /** The others drop a page from their TLBs; one that does so with the root, too, drops all. */
  private void call(Cpu cpu, int address) {
    CpuMask others = new CpuMask(machine.cpus());
    for (int id = 0; id < machine.cpus(); id++) {
      if (id != cpu.id()) {
        others.add(id);
      }
    }
    machine
        .interrupts()
        .call(
            cpu,
            others,
            target -> {
              if (address == 0) {
                target.mmu().loadRoot(tables.rootPa(), /* noFlush= */ false);
              } else {
                target.mmu().invalidatePage(VAS[address]);
              }
            });
  }

  private void write(Cpu cpu, long entryPa, long entry) {
    cpu.step(Step.ENTRY_WRITE, entryPa);
    machine.memory().write(entryPa, entry);
  }

  private static List<Program> random(int[] kinds, int operations, long seed) {
    SeededChoices choices = new SeededChoices(seed);
    List<Program> programs = new ArrayList<>();
    for (int cpu = 0; cpu < 2; cpu++) {
      List<int[]> list = new ArrayList<>();
      for (int i = 0; i < operations; i++) {
        int kind = kinds[choices.pick(kinds.length, "kind")];
        list.add(new int[] {kind, choices.pick(VAS.length, "address"), 10 * cpu + i + 1});
      }
      programs.add(new Program(list));
    }
    return programs;
  }

  private Set<String> outcomesOfAllOrders(List<Program> programs) {
    ExhaustiveChoices odometer = new ExhaustiveChoices();
    do {
      run(programs, Scheduler.of(odometer, /* decidesInterrupts= */ true));
    } while (odometer.next());
    Set<String> all = new TreeSet<>(outcomes);
    outcomes.clear();
    return all;
  }

  private void runReduced(List<Program> programs) {
    EveryOrder order = new EveryOrder(2);
    while (order.begin()) {
      run(programs, order);
    }
    assertThat(order.cut()).isEqualTo(cut);
    cut = 0;
  }

  @ParameterizedTest
  @CsvSource({"2, 150", "3, 60", "4, 4"})
  void run_randomWalksAndWrites_reachesTheOutcomesOfAllOrders(int operations, int programs) {
    compare(ALL_KINDS, operations, programs);
  }

  private void compare(int[] kinds, int operations, int programs) {
    long allRuns = 0;
    long reducedRuns = 0;
    for (int seed = 0; seed < programs; seed++) {
      List<Program> chosen = random(kinds, operations, seed);
      Set<String> expected = outcomesOfAllOrders(chosen);
      allRuns += runs;
      runs = 0;
      runReduced(chosen);
      assertThat(outcomes).as("seed " + seed).isEqualTo(expected);
      reducedRuns += runs;
      runs = 0;
      outcomes.clear();
    }
    assertThat(reducedRuns).isLessThan(allRuns / operations);
  }

  @ParameterizedTest
  @CsvSource({"1, 30", "2, 10"})
  void run_programsThatCallEachOther_reachesTheOutcomesOfAllOrders(int operations, int programs) {
    compare(CALLING_KINDS, operations, programs);
  }

  private static Program program(int... kindsAndAddresses) {
    List<int[]> operations = new ArrayList<>();
    for (int i = 0; i < kindsAndAddresses.length; i += 2) {
      operations.add(new int[] {kindsAndAddresses[i], kindsAndAddresses[i + 1], i});
    }
    return new Program(operations);
  }

  @Test
  void run_writesOfEntriesThatNoWalkReads_runsOnce() {
    runReduced(List.of(program(LOAD, 0, STORE, 0), program(MAP, 1, UNMAP, 1, BROADCAST, 0)));

    assertThat(runs).isEqualTo(1);
  }

  @Test
  void run_walkAndWriteOfTheTableAboveTheLeaf_runsBothWays() {
    runReduced(List.of(program(LOAD, 0), program(REPLACE_TABLE, 0)));

    assertThat(outcomes).hasSize(2);
  }

  @Test
  void run_invalidationOfAllTlbsAndAccessesOfAnother_reachesAllOutcomes() {
    // The middle load tells that the write is over, so the last one is by what the TLB holds.
    Program looking = program(LOAD, 0, LOAD, 1, LOAD, 0);
    Program unmapping = program(UNMAP, 0, UNMAP, 1, INVALIDATE_EVERYWHERE, 0);
    Set<String> expected = outcomesOfAllOrders(List.of(looking, unmapping));

    runReduced(List.of(looking, unmapping));

    assertThat(outcomes).isEqualTo(expected);
    assertThat(outcomes).anyMatch(outcome -> outcome.startsWith("[100 fault 100"));
    assertThat(outcomes).anyMatch(outcome -> outcome.startsWith("[100 fault fault"));
  }

  /** The middle load tells that the page is unmapped, the last one whether the call came in. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void run_callThatInvalidatesBetweenAccesses_reachesAllOutcomes(int address) {
    Program looking = program(LOAD, address, LOAD, 2, LOAD, address);
    Program unmapping = program(UNMAP, address, UNMAP, 2, CALL, address);
    Set<String> expected = outcomesOfAllOrders(List.of(looking, unmapping));

    runReduced(List.of(looking, unmapping));

    assertThat(outcomes).isEqualTo(expected);
    String first = address == 0 ? "[100" : "[101";
    assertThat(outcomes).anyMatch(outcome -> outcome.startsWith(first + " fault 10"));
    assertThat(outcomes).anyMatch(outcome -> outcome.startsWith(first + " fault fault"));
  }

  @Test
  void run_callThatInvalidatesBetweenAccessesThatFault_comesInAnywhere() {
    Program faulting = program(UNMAP, 1, LOAD, 1, LOAD, 1);

    runReduced(List.of(faulting, program(CALL, 1)));

    // The first run shows what calls do; with that the search begins again.
    assertThat(runs).isEqualTo(2);
  }

  @Test
  void run_readOfAnEntryThatAWalkMarks_runsBothWays() {
    runReduced(List.of(program(STORE, 0), program(READ_ENTRY, 0)));

    assertThat(outcomes).hasSize(2);
    assertThat(FORMAT.rights(leaf(0, 0), LEAF) & TOUCHED).isZero();
  }

  @Test
  void run_accessesOfOneAddressThatBothFault_doNotMeet() {
    // The write meets the other CPU's access; the accesses that fault do not meet.
    runReduced(List.of(program(UNMAP, 3, LOAD, 3), program(LOAD, 3)));

    assertThat(outcomes).hasSize(2);
    assertThat(runs).isEqualTo(2);
  }
}
