package org.pagewright.kernel.gather;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.PteFormat;

/** A grace period waits for the readers that were there when it began, and for no others. */
final class RcuGraceTest {
  private final Machine machine =
      new Machine(MachineConfig.small(PteFormat.named("x86_64-4level")));
  private final RcuGrace grace = new RcuGrace(machine, /* periodCycles= */ 1000);
  private final List<String> done = new ArrayList<>();
  private final Cpu cpu = machine.cpu(0);
  private final Cpu other = machine.cpu(1);

  private void queue(String name) {
    grace.call(cpu, on -> done.add(name));
  }

  @Test
  void call_beforeTheTimeIsOver_waits() {
    queue("a");
    cpu.chargeCycles(999);
    grace.quiescent(cpu);
    assertThat(done).isEmpty();
    queue("b");
    cpu.chargeCycles(1);
    grace.quiescent(cpu);
    assertThat(done).containsExactly("a");
    cpu.chargeCycles(1000);
    grace.quiescent(cpu);
    assertThat(done).containsExactly("a", "b");
    assertThat(grace.completed()).isEqualTo(2);
  }

  @Test
  void call_whileAnotherCpuReads_waitsForIt() {
    grace.readLock(other);
    queue("a");
    cpu.chargeCycles(5000);
    grace.poll(cpu);
    assertThat(done).isEmpty();
    grace.readUnlock(other);
    other.disableInterrupts();
    grace.poll(cpu);
    assertThat(done).isEmpty();
    other.enableInterrupts();
    grace.poll(cpu);
    assertThat(done).containsExactly("a");
  }

  @Test
  void barrier_afterSeveralCalls_runsThemInOrder() {
    queue("a");
    queue("b");
    grace.barrier(cpu);
    assertThat(done).containsExactly("a", "b");
    assertThat(cpu.cycles()).isGreaterThanOrEqualTo(1000);
    assertThat(grace.waiting()).isZero();
  }

  @Test
  void quiescent_insideAReader_isTheCallersMistake() {
    grace.readLock(cpu);
    assertThatIllegalStateException().isThrownBy(() -> grace.quiescent(cpu));
  }

  @Test
  void synchronize_inAnExploredRun_waitsUntilTheReaderIsDone() {
    Interleaving run =
        new Interleaving(machine, (r, current, runnable, n) -> runnable[n - 1], 1000);
    run.add(
        cpu,
        on -> {
          on.step(Step.LOAD, 1);
          grace.synchronize(on);
          done.add("synchronized");
        });
    run.add(
        other,
        on -> {
          grace.readLock(on);
          on.step(Step.LOAD, 1);
          on.step(Step.LOAD, 2);
          on.step(Step.LOAD, 3);
          done.add("read");
          grace.readUnlock(on);
          grace.enterIdle(on);
        });
    assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
    assertThat(done).containsExactly("read", "synchronized");
  }
}
