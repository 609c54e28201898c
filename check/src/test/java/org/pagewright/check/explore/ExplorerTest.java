package org.pagewright.check.explore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretmemConfig;

/** The explorer finds races that exist, says how to see them again, and is silent else. */
final class ExplorerTest {
  private static final PteFormat X86 = PteFormat.named("x86_64-4level");
  private static final long LOOKS_MAX = 50_000;

  static List<Scenario> scenarios() {
    return Scenario.all();
  }

  private static Scenario doubleFault() {
    return Scenario.all().getFirst();
  }

  private static Explorer planted() {
    return new Explorer(doubleFault(), X86, FreesFirst::new);
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void exhaust_soundKernel_findsNothing(Scenario scenario) {
    Exploration result = new Explorer(scenario, X86).exhaust(1, () -> false);

    assertThat(result.failure()).isNull();
    assertThat(result.schedules()).isBetween(2L, LOOKS_MAX);
  }

  @Test
  void exhaust_frameFreedBeforeItIsRestored_findsItAndTellsBothCpus() {
    Failure failure = Objects.requireNonNull(planted().exhaust(2, () -> false).failure());

    assertThat(failure.violations())
        .extracting(Violation::oracle)
        .contains("free-memory-agreement");
    assertThat(failure.rows()).extracting(Exploration.Row::cpu).contains(0, 1);
    assertThat(failure.schedule()).matches("[01](\\*\\d+)?(,[01](\\*\\d+)?)*");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void sample_frameFreedBeforeItIsRestored_findsIt(long seed) {
    assertThat(planted().sample(200, seed, () -> false).failure()).isNotNull();
  }

  @Test
  void replay_scheduleOfAFailure_failsTheSameWay() {
    Failure failure = Objects.requireNonNull(planted().exhaust(2, () -> false).failure());

    Exploration again = planted().replay(failure.schedule());

    assertThat(Objects.requireNonNull(again.failure()).violations())
        .isEqualTo(failure.violations());
    assertThat(new Explorer(doubleFault(), X86).replay(failure.schedule()).failure()).isNull();
  }

  @Test
  void replay_textThatIsNoSchedule_isRefused() {
    assertThatThrownBy(() -> planted().replay("0,x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'x' is no choice");
  }

  @Test
  void exhaust_toldToStop_saysSo() {
    assertThat(planted().exhaust(2, () -> true).coverage()).contains("stopped early");
  }

  /** The order that Linux had until October 2025. */
  private static final class FreesFirst extends SecretPageCache {
    FreesFirst(SecretPages pages) {
      super(pages, SecretmemConfig.Backing.REMOVE_EACH);
    }

    @Override
    protected void restoreThenFree(Cpu cpu, long pfn) {
      free(cpu, pfn);
      boolean isRestored = restore(cpu, pfn);
      assert isRestored : pfn;
    }
  }
}
