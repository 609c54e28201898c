package org.pagewright.hardware.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.choice.ExhaustiveChoices;
import org.pagewright.hardware.paging.PteFormat;

/** Tests of calls on other CPUs, straight and explored. */
class InterruptsTest {
  private static final CostTable PRICES =
      CostTable.FREE.with(
          Map.of(
              Primitive.IPI_SEND, 10L,
              Primitive.IPI_DELIVERY, 100L,
              Primitive.IPI_ACKNOWLEDGE, 3L,
              Primitive.INTERRUPT_EXIT, 50L,
              Primitive.IDLE_EXIT_C6, 1000L),
          "chosen to tell them apart");

  private final Machine machine =
      new Machine(
          MachineConfig.small(PteFormat.named("x86_64-4level")).withCosts(PRICES).withCpus(3));
  private final BrokenRules broken = new BrokenRules(machine);
  private final CpuMask one = new CpuMask(3);
  private final List<String> order = new ArrayList<>();

  InterruptsTest() {
    one.add(1);
  }

  @AfterEach
  void close() {
    machine.close();
  }

  private void mark(Cpu cpu) {
    order.add("work on " + cpu.id());
  }

  @Test
  void call_straight_runsEverywhereAndMovesClocks() {
    Cpu from = machine.cpu(0);
    machine.cpu(1).setIdleState(IdleState.C6);
    from.chargeCycles(1000);
    int missing =
        machine
            .interrupts()
            .call(
                from,
                CpuMask.all(machine),
                cpu -> {
                  mark(cpu);
                  cpu.chargeCycles(7);
                });
    assertThat(missing).isEqualTo(Interrupts.ALL_DONE);
    assertThat(order).containsExactlyInAnyOrder("work on 0", "work on 1", "work on 2");
    assertThat(machine.cpu(1).cycles()).isEqualTo(1000 + 10 + 100 + 1000 + 7 + 50);
    assertThat(machine.cpu(2).cycles()).isEqualTo(1000 + 20 + 100 + 7 + 50);
    // The sender waits for CPU 1, which was asleep; the return from the interrupt is not its.
    assertThat(from.cycles()).isEqualTo(1000 + 10 + 100 + 1000 + 7 + 2 * 3);
    assertThat(broken.list()).isEmpty();
  }

  @Test
  void call_targetAheadInTime_senderWaitsForIt() {
    machine.cpu(1).chargeCycles(5000);
    int missing = machine.interrupts().call(machine.cpu(0), one, cpu -> cpu.chargeCycles(7));
    assertThat(missing).isZero();
    assertThat(machine.cpu(0).cycles()).isEqualTo(5000 + 7 + 3);
  }

  @Test
  void call_straightTargetHasInterruptsOff_isReportedAndDeliveredLater() {
    Cpu target = machine.cpu(1);
    target.disableInterrupts();
    int missing = machine.interrupts().call(machine.cpu(0), one, this::mark);
    assertThat(missing).isEqualTo(1);
    assertThat(order).isEmpty();
    assertThat(broken.list()).containsExactly(ExecutionRule.IPI_TARGET_MASKED);
    target.enableInterrupts();
    assertThat(order).containsExactly("work on 1");
  }

  @Test
  void call_interruptsOffAtSender_breaksARule() {
    Cpu from = machine.cpu(0);
    from.disableInterrupts();
    int missing = machine.interrupts().call(from, CpuMask.all(machine), this::mark);
    from.enableInterrupts();
    assertThat(missing).isZero();
    assertThat(broken.list()).containsExactly(ExecutionRule.IPI_WAIT_WITH_INTERRUPTS_OFF);
  }

  @Test
  void call_workLeavesPreemptionOff_isReported() {
    int missing = machine.interrupts().call(machine.cpu(0), one, Cpu::disablePreemption);
    assertThat(missing).isZero();
    assertThat(broken.list()).containsExactly(ExecutionRule.UNBALANCED_EXIT);
  }

  @Test
  void call_explored_waitsForTargetsUnderEverySchedule() {
    ExhaustiveChoices choices = new ExhaustiveChoices();
    do {
      order.clear();
      Interleaving run = new Interleaving(machine, Scheduler.of(choices), 1000);
      run.add(
          machine.cpu(0),
          cpu -> {
            assertThat(machine.interrupts().call(cpu, CpuMask.all(machine), this::mark)).isZero();
            order.add("sent");
          });
      run.add(machine.cpu(1), cpu -> cpu.step(Step.LOAD, 0));
      assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
      assertThat(order)
          .containsExactlyInAnyOrder("work on 0", "work on 1", "work on 2", "sent")
          .endsWith("sent");
    } while (choices.next());
    assertThat(choices.runs()).isGreaterThan(5);
    assertThat(broken.list()).isEmpty();
  }

  @Test
  void call_explored_isNotDeliveredWhileInterruptsAreOff() {
    ExhaustiveChoices choices = new ExhaustiveChoices();
    do {
      order.clear();
      Interleaving run = new Interleaving(machine, Scheduler.of(choices), 1000);
      run.add(
          machine.cpu(0),
          cpu -> assertThat(machine.interrupts().call(cpu, one, this::mark)).isZero());
      run.add(
          machine.cpu(1),
          cpu -> {
            cpu.disableInterrupts();
            order.add("off");
            cpu.step(Step.LOAD, 0);
            order.add("on");
            cpu.enableInterrupts();
          });
      assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
      assertThat(String.join(" ", order)).contains("off on");
    } while (choices.next());
  }

  @Test
  void call_exploredTwoSendersWithInterruptsOff_isADeadlock() {
    int deadlocks = 0;
    ExhaustiveChoices choices = new ExhaustiveChoices();
    do {
      try (Machine two = new Machine(MachineConfig.small(PteFormat.named("riscv64-sv39")))) {
        Interleaving run = new Interleaving(two, Scheduler.of(choices), 1000);
        for (int id = 0; id < 2; id++) {
          CpuMask other = new CpuMask(2);
          other.add(1 - id);
          run.add(
              two.cpu(id),
              cpu -> {
                cpu.disableInterrupts();
                int missing = two.interrupts().call(cpu, other, target -> {});
                assertThat(missing).isZero();
                cpu.enableInterrupts();
              });
        }
        Interleaving.Outcome outcome = run.run();
        if (outcome.ending() == Interleaving.Ending.DEADLOCK) {
          deadlocks++;
          assertThat(outcome.report()).contains("CPU 0, interrupts off, waits for ack");
        }
      }
    } while (choices.next());
    assertThat(deadlocks).isPositive();
  }

  @Test
  void callAndGoOn_explored_doesNotWait() {
    ExhaustiveChoices choices = new ExhaustiveChoices();
    boolean wentOnFirst = false;
    do {
      order.clear();
      Interleaving run = new Interleaving(machine, Scheduler.of(choices), 1000);
      run.add(
          machine.cpu(0),
          cpu -> {
            machine.interrupts().callAndGoOn(cpu, one, this::mark);
            order.add("went on");
          });
      assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
      assertThat(order).contains("work on 1");
      wentOnFirst |= order.getFirst().equals("went on");
    } while (choices.next());
    assertThat(wentOnFirst).isTrue();
  }
}
