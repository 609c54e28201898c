package org.pagewright.check.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.IntPredicate;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;

/** An oracle hears all that its code looks for: one that is not told would be silent for ever. */
final class HeardKindsTest {
  /** Looks at kinds in each way that can be followed. */
  private record Followed(LongConsumer to) implements EventLog.Reader {
    @Override
    public void event(int kind, int cpu, long a, long b, long c) {
      switch (kind) {
        case 100 -> to.accept(a);
        case 103, 200 -> to.accept(b);
        default -> more(kind, (int) c);
      }
      if (kind != 7 && kind != 300) {
        to.accept(0);
      }
    }

    private void more(int kind, int by) {
      switch (kind) {
        case 10, 12, 13 -> to.accept(by);
        default -> {}
      }
    }
  }

  /** Looks at kinds in a way that cannot be followed. */
  private record Hidden(IntPredicate isOurs, LongConsumer to) implements EventLog.Reader {
    @Override
    public void event(int kind, int cpu, long a, long b, long c) {
      to.accept(isOurs.test(kind) ? a : 0);
    }
  }

  @Test
  void kinds_ofEachReader_areThoseThatItsCodeLooksFor() {
    MachineConfig machine =
        MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(MemoryMap.of(64L << 20));
    try (KernelMachine kernel = KernelMachine.boot(KernelConfig.bare(machine));
        Oracles oracles =
            new Oracles(
                new WatchedKernel(
                    kernel.machine(), kernel.directMap(), kernel.allocator(), null))) {
      assertThat(oracles.readers()).hasSize(oracles.names().size() + 1);
      assertThat(oracles.readers())
          .allSatisfy(reader ->
              assertThat(reader.kinds())
                  .as("kinds of " + reader.getClass().getName())
                  .hasToString(KindsInCode.of(reader.getClass()).toString()));
    }
  }

  @Test
  void kindsInCode_switchesComparisonsAndCalls_areAllFound() {
    assertThat(KindsInCode.of(Followed.class)).hasToString("[7, 10, 12, 13, 100, 103, 200, 300]");
  }

  @Test
  void kindsInCode_kindThatGoesAstray_isRefused() {
    assertThatThrownBy(() -> KindsInCode.of(Hidden.class))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("Hidden");
  }
}
