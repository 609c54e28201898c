package org.pagewright.faulty.ldt;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.Trial;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.ldt.LdtTable;
import org.pagewright.kernel.ldt.ModifyLdt;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.mmlocal.MmLocalRegion;

/** Two threads of a process write its LDT at the same time. */
class ConcurrentWritesTest {
  private static final int PREEMPTIONS = 1;
  private static final String FORMAT = "x86_64-4level";

  /** A system call that keeps nobody out. */
  private static final class Unlocked extends ModifyLdt {
    Unlocked(KernelMachine kernel, MmLocalRegion region) {
      super(
          kernel.machine(),
          region,
          kernel.tables(),
          kernel.allocator(),
          kernel.shootdown(),
          /* allows16Bit= */ true);
    }

    @Override
    protected boolean acquire(Cpu cpu, Mm mm) {
      return true;
    }

    @Override
    protected void release(Cpu cpu, Mm mm) {}
  }

  private static LdtWorld withTwoThreads(LdtWorld world) {
    Mm mm = requireNonNull(world.start(world.kernel().cpu(0)));
    world.kernel().runThread(world.kernel().cpu(1), mm);
    assertThat(world.write(world.kernel().cpu(0), 2)).isZero();
    return world;
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-pae"})
  void writes_inEveryOrder_breakNothing(String format) {
    Trial<LdtWorld> trial =
        Trial.ofTwo(
            () -> withTwoThreads(LdtWorld.sound(format)),
            Act.of("write entry 0", (world, cpu) -> world.write(cpu, 0)),
            Act.of("write entry 1", (world, cpu) -> world.write(cpu, 1)));
    assertThat(new Explorer(trial).exhaust(PREEMPTIONS, () -> false).failure()).isNull();
  }

  @Test
  void writes_withoutTheLock_breakSomething() {
    Trial<LdtWorld> trial =
        Trial.ofTwo(
            () -> withTwoThreads(LdtWorld.with(FORMAT, Unlocked::new)),
            Act.of("write entry 0", (world, cpu) -> world.write(cpu, 0)),
            Act.of("write entry 1", (world, cpu) -> world.write(cpu, 1)));
    assertThat(new Explorer(trial).exhaust(PREEMPTIONS, () -> false).failure()).isNotNull();
  }

  /** A killed thread gives up only where it would have waited, and changes nothing then. */
  @Test
  void write_ofAKilledThread_isInterruptedWhereItWaits() {
    List<Long> answers = new ArrayList<>();
    Act<LdtWorld> killed =
        new Act<>() {
          @Override
          public String text() {
            return "write killed";
          }

          @Override
          public long run(LdtWorld world, Cpu cpu) {
            requireNonNull(Task.current(cpu)).kill();
            long answer = world.write(cpu, 1);
            answers.add(answer);
            LdtTable table = requireNonNull(ModifyLdt.table(requireNonNull(Task.currentMm(cpu))));
            boolean isWritten = table.entry(1) != 0;
            return isWritten == (answer == 0) ? answer : -Errno.EFAULT;
          }

          @Override
          public boolean mayAnswer(int errno) {
            return errno == Errno.EINTR;
          }
        };
    Act<LdtWorld> writes = Act.of("write", (world, cpu) -> world.write(cpu, 0));
    Trial<LdtWorld> trial =
        new Trial<>(
            () -> withTwoThreads(LdtWorld.sound(FORMAT)),
            List.of(List.of(writes), List.of(killed)));
    assertThat(new Explorer(trial).exhaust(PREEMPTIONS, () -> false).failure()).isNull();
    assertThat(answers).contains(0L, (long) -Errno.EINTR);
  }
}
