package org.pagewright.hardware.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.choice.ExhaustiveChoices;
import org.pagewright.hardware.paging.PteFormat;

/** Who may hold a semaphore, and where. */
class RwSemaphoreTest {
  private final Machine machine =
      new Machine(MachineConfig.small(PteFormat.named("x86_64-4level")));
  private final Cpu cpu = machine.cpu(0);
  private final BrokenRules broken = new BrokenRules(machine);
  private final RwSemaphore lock = new RwSemaphore(new LockClass("mmap_lock"), 1);

  @AfterEach
  void close() {
    machine.close();
  }

  @Test
  void acquire_whereSleepingIsForbidden_isReportedAlthoughItIsFree() {
    cpu.disablePreemption();
    lock.acquire(cpu);
    lock.release(cpu);
    lock.acquireShared(cpu);
    lock.releaseShared(cpu);
    cpu.enablePreemption();
    assertThat(broken.list())
        .containsExactly(ExecutionRule.SLEEP_IN_ATOMIC, ExecutionRule.SLEEP_IN_ATOMIC);
  }

  @Test
  void acquire_leavesPreemptionOn() {
    lock.acquire(cpu);
    cpu.maySleep();
    assertThat(lock.isHeldBy(cpu)).isTrue();
    lock.release(cpu);
    assertThat(lock.isHeldBy(cpu)).isFalse();
    assertThat(broken.list()).isEmpty();
  }

  @Test
  void misuse_isReported() {
    lock.release(cpu);
    lock.releaseShared(cpu);
    lock.acquire(cpu);
    lock.acquire(cpu);
    lock.acquire(machine.cpu(1));
    assertThat(broken.list())
        .containsExactly(
            ExecutionRule.LOCK_NOT_HELD,
            ExecutionRule.LOCK_NOT_HELD,
            ExecutionRule.LOCK_RECURSION,
            ExecutionRule.LOCK_NEVER_RELEASED);
  }

  @Test
  void owner_inEveryOrder_isAloneAndReadersAreTogether() {
    ExhaustiveChoices choices = new ExhaustiveChoices();
    boolean readersMet = false;
    do {
      List<String> inside = new ArrayList<>();
      RwSemaphore fresh = new RwSemaphore(new LockClass("mmap_lock"), 2);
      Interleaving run = new Interleaving(machine, Scheduler.of(choices), /* stepLimit= */ 100);
      run.add(machine.cpu(0), reader -> read(fresh, reader, inside));
      run.add(machine.cpu(1), writer -> readAndWrite(fresh, writer, inside));
      assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
      assertThat(inside).doesNotContain("shared").hasSize(6);
      readersMet |= inside.get(1).equals("in");
    } while (choices.next());
    assertThat(readersMet).isTrue();
    assertThat(broken.list()).isEmpty();
  }

  private static void read(RwSemaphore lock, Cpu cpu, List<String> inside) {
    lock.acquireShared(cpu);
    inside.add("in");
    cpu.step(Step.LOAD, 5);
    inside.add("out");
    lock.releaseShared(cpu);
  }

  private static void readAndWrite(RwSemaphore lock, Cpu cpu, List<String> inside) {
    read(lock, cpu, inside);
    lock.acquire(cpu);
    int before = inside.size();
    cpu.step(Step.STORE, 5);
    inside.add(inside.size() == before ? "wrote" : "shared");
    inside.add("done");
    lock.release(cpu);
  }
}
