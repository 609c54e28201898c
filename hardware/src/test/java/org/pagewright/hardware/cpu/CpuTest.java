package org.pagewright.hardware.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.choice.ExhaustiveChoices;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;

/** Tests of the context of a CPU, its locks and its clock. */
class CpuTest {
  private final Machine machine =
      new Machine(
          MachineConfig.small(PteFormat.named("x86_64-4level")).withCosts(CostTable.ALL_ONES));
  private final Cpu cpu = machine.cpu(0);
  private final BrokenRules broken = new BrokenRules(machine);

  @AfterEach
  void close() {
    machine.close();
  }

  @Nested
  class Rules {
    @Test
    void maySleep_ordinaryTask_isAllowed() {
      cpu.maySleep();
      cpu.disableMigration();
      cpu.maySleep();
      assertThat(broken.list()).isEmpty();
    }

    @Test
    void maySleep_atomicContexts_areReported() {
      cpu.disablePreemption();
      cpu.maySleep();
      cpu.enablePreemption();
      cpu.disableInterrupts();
      cpu.maySleep();
      cpu.enableInterrupts();
      SpinLock lock = new SpinLock(new LockClass("a"), 1);
      lock.acquire(cpu);
      cpu.maySleep();
      lock.release(cpu);
      assertThat(broken.list())
          .containsExactly(
              ExecutionRule.SLEEP_IN_ATOMIC,
              ExecutionRule.SLEEP_IN_ATOMIC,
              ExecutionRule.SLEEP_IN_ATOMIC);
    }

    @Test
    void enable_withoutDisable_isReported() {
      cpu.enablePreemption();
      cpu.enableMigration();
      cpu.enableInterrupts();
      assertThat(broken.list())
          .containsExactly(
              ExecutionRule.UNBALANCED_ENABLE,
              ExecutionRule.UNBALANCED_ENABLE,
              ExecutionRule.UNBALANCED_ENABLE);
      assertThat(cpu.interruptsEnabled()).isTrue();
    }

    @Test
    void requireDepths_leakedMigrationDepth_isReported() {
      long before = cpu.depths();
      cpu.disableMigration();
      cpu.requireDepths(before);
      assertThat(broken.list()).containsExactly(ExecutionRule.UNBALANCED_EXIT);
    }

    @Test
    void usesThisCpu_migratableTask_isReported() {
      cpu.usesThisCpu();
      assertThat(broken.list()).containsExactly(ExecutionRule.MIGRATABLE_USE);
      cpu.disableMigration();
      cpu.usesThisCpu();
      assertThat(broken.list()).hasSize(1);
    }
  }

  @Nested
  class Locks {
    private final SpinLock a = new SpinLock(new LockClass("a"), 1);
    private final SpinLock b = new SpinLock(new LockClass("b"), 2);

    @Test
    void acquire_bothOrders_isReportedOnce() {
      inOrder(a, b);
      inOrder(a, b);
      assertThat(broken.list()).isEmpty();
      inOrder(b, a);
      inOrder(b, a);
      assertThat(broken.list()).containsExactly(ExecutionRule.LOCK_ORDER);
    }

    @Test
    void acquire_orderThroughAThirdLock_isReported() {
      SpinLock c = new SpinLock(new LockClass("c"), 3);
      inOrder(a, b);
      inOrder(b, c);
      inOrder(c, a);
      assertThat(broken.list()).containsExactly(ExecutionRule.LOCK_ORDER);
    }

    @Test
    void acquire_sameClassTwice_needsANestableClass() {
      LockClass tables = new LockClass("ptl", /* isNestable= */ true, Primitive.LOCK);
      inOrder(new SpinLock(tables, 3), new SpinLock(tables, 4));
      assertThat(broken.list()).isEmpty();
      inOrder(a, new SpinLock(a.lockClass(), 5));
      assertThat(broken.list()).containsExactly(ExecutionRule.LOCK_ORDER);
    }

    @Test
    void acquire_heldByOtherInStraightRun_isReportedAndGoesOn() {
      a.acquire(machine.cpu(1));
      a.acquire(cpu);
      assertThat(broken.list()).containsExactly(ExecutionRule.LOCK_NEVER_RELEASED);
      a.release(cpu);
      assertThat(a.isHeldBy(machine.cpu(1))).isTrue();
      a.release(machine.cpu(1));
      assertThat(a.owner()).isEqualTo(CpuMask.NONE);
    }

    @Test
    void acquire_twice_isRecursion() {
      a.acquire(cpu);
      a.acquire(cpu);
      assertThat(broken.list()).contains(ExecutionRule.LOCK_RECURSION);
    }

    @Test
    void release_notHeld_isReported() {
      a.release(cpu);
      assertThat(broken.list()).containsExactly(ExecutionRule.LOCK_NOT_HELD);
    }

    @Test
    void acquire_inInterruptAndWithInterruptsOn_isReported() {
      a.acquire(cpu);
      a.release(cpu);
      int missing =
          machine
              .interrupts()
              .call(
                  machine.cpu(1),
                  CpuMask.all(machine),
                  target -> {
                    if (target == cpu) {
                      a.acquire(target);
                      a.release(target);
                    }
                  });
      assertThat(missing).isZero();
      assertThat(broken.list()).containsExactly(ExecutionRule.LOCK_INTERRUPT_UNSAFE);
    }

    @Test
    void acquire_explored_excludesUnderEverySchedule() {
      ExhaustiveChoices choices = new ExhaustiveChoices();
      int[] inside = new int[1];
      do {
        Interleaving run = new Interleaving(machine, Scheduler.of(choices), 1000);
        for (int id = 0; id < 2; id++) {
          run.add(
              machine.cpu(id),
              c -> {
                a.acquire(c);
                assertThat(++inside[0]).isEqualTo(1);
                c.step(Step.LOAD, 0);
                inside[0]--;
                a.release(c);
              });
        }
        assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
      } while (choices.next());
      assertThat(choices.runs()).isGreaterThan(3);
      assertThat(broken.list()).isEmpty();
    }

    @Test
    void acquire_exploredOppositeOrders_deadlocksUnderSomeSchedule() {
      ExhaustiveChoices choices = new ExhaustiveChoices();
      int deadlocks = 0;
      do {
        SpinLock first = new SpinLock(a.lockClass(), 1);
        SpinLock second = new SpinLock(b.lockClass(), 2);
        try (Machine two = new Machine(machine.config())) {
          Interleaving run = new Interleaving(two, Scheduler.of(choices), 1000);
          run.add(two.cpu(0), c -> inOrder(c, first, second));
          run.add(two.cpu(1), c -> inOrder(c, second, first));
          Interleaving.Outcome outcome = run.run();
          if (outcome.ending() == Interleaving.Ending.DEADLOCK) {
            deadlocks++;
            assertThat(outcome.report())
                .isEqualTo(
                    "CPU 0 waits for lock b#2 held by CPU 1\n"
                        + "CPU 1 waits for lock a#1 held by CPU 0");
          }
        }
      } while (choices.next());
      assertThat(deadlocks).isPositive();
    }

    @Test
    void acquire_clocksOverlap_waitsForTheRelease() {
      a.acquire(cpu);
      cpu.chargeCycles(100);
      a.release(cpu);
      Cpu other = machine.cpu(1);
      other.chargeCycles(50);
      a.acquire(other);
      assertThat(other.cycles()).isEqualTo(cpu.cycles() + 1);
      a.release(other);
    }

    private void inOrder(SpinLock first, SpinLock second) {
      inOrder(cpu, first, second);
    }

    private void inOrder(Cpu on, SpinLock first, SpinLock second) {
      first.acquire(on);
      second.acquire(on);
      second.release(on);
      first.release(on);
    }
  }

  @Nested
  class Costs {
    @Test
    void charge_primitives_addUp() {
      cpu.charge(Primitive.SYSCALL);
      cpu.charge(Primitive.COPY_BYTE, 12);
      cpu.chargeCycles(5);
      assertThat(cpu.cycles()).isEqualTo(18);
    }

    @Test
    void charge_missingPrimitive_isNamed() {
      CostTable gap = CostTable.FREE.with(Map.of(Primitive.INVLPG, CostTable.MISSING), "a gap");
      try (Machine other = new Machine(machine.config().withCosts(gap))) {
        assertThatThrownBy(() -> other.cpu(0).charge(Primitive.INVLPG))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessage("cost table free has no price for invlpg");
      }
    }

    @Test
    void named_everyLabel_isFound() {
      for (Primitive primitive : Primitive.values()) {
        assertThat(Primitive.named(primitive.label())).isEqualTo(primitive);
      }
      assertThatThrownBy(() -> Primitive.named("ipi")).hasMessageContaining("ipi-send");
    }
  }

  @Test
  void events_moreThanFit_areDrainedInOrder() {
    List<Long> seen = new ArrayList<>();
    EventLog log = new EventLog();
    log.record(1, 0, 99, 0, 0);
    log.attach((kind, id, a, b, c) -> seen.add(a));
    for (int i = 0; i < 2 * EventLog.CAPACITY + 3; i++) {
      log.record(EventLog.FIRST_KERNEL_KIND, 1, i, 0, 0);
    }
    log.drain();
    assertThat(seen).hasSize(2 * EventLog.CAPACITY + 3).isSorted().doesNotContain(99999999L);
    assertThat(seen.getFirst()).isZero();
  }

  @Test
  void machine_of8TiB_bootsAtOnceAndUsesLittle() {
    MachineConfig config = machine.config().withMap(MemoryMap.pc(8L << 40)).withCpus(64);
    long before = machine.memory().residentBytes();
    try (Machine big = new Machine(config)) {
      big.memory().write((8L << 40) - 4096, 42);
      assertThat(big.memory().read((8L << 40) - 4096)).isEqualTo(42);
      assertThat(big.memory().residentBytes() - before).isLessThan(1L << 20);
    }
  }

  @Test
  void cpuMask_membersAndIteration_agree() {
    CpuMask mask = new CpuMask(130);
    for (int id : new int[] {0, 63, 64, 129}) {
      mask.add(id);
    }
    mask.remove(63);
    assertThat(mask.toString()).isEqualTo("{0,64,129}");
    assertThat(mask.count()).isEqualTo(3);
    assertThat(mask.next(1)).isEqualTo(64);
    assertThat(mask.next(130)).isEqualTo(CpuMask.NONE);
    assertThat(mask.copy()).isEqualTo(mask);
  }
}
