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
import org.pagewright.check.fault.FaultSearch;
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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "secretmem-double-fault",
        "ldt-write-meets-write",
        "touch-meets-munmap",
        "pin-meets-munmap"
      })
  void exhaust_everyOrderOfASoundKernel_isSilent(String name) {
    Exploration result = new Explorer(Scenario.named(name), X86).exhaust(() -> false);

    assertThat(result.failure()).isNull();
    assertThat(result.coverage()).isEqualTo("every order");
    assertThat(result.schedules()).isBetween(2L, LOOKS_MAX);
  }

  @Test
  void exhaust_cpusThatMapForThemselves_neverMeet() {
    Exploration result =
        new Explorer(Scenario.named("mermap-on-two-cpus"), X86).exhaust(() -> false);

    assertThat(result.failure()).isNull();
    assertThat(result.coverage()).isEqualTo("every order");
    assertThat(result.schedules()).isEqualTo(1);
  }

  @Test
  void exhaust_assertionThatFailsInOneOrder_isFoundWithItsSchedule() {
    Act<Cells> first =
        Act.of(
            "first",
            (cells, cpu) -> {
              cells.store(cpu, 0, 1);
              return 0;
            });
    Act<Cells> second =
        Act.of(
            "second",
            (cells, cpu) -> {
              assert cells.load(cpu, 0) == 1 : "second came first";
              return 0;
            });
    Trial<Cells> trial = Trial.ofTwo(() -> new Cells(1, 2, cells -> true), first, second);

    Failure failure = Objects.requireNonNull(new Explorer(trial).exhaust(() -> false).failure());

    assertThat(failure.violations())
        .extracting(Violation::oracle)
        .containsExactly("assertions-hold");
    assertThat(failure.violations().getFirst().what()).contains("second came first");
  }

  @Test
  void replay_scheduleThatDecidesWhenCallsComeIn_failsTheSameWay() {
    Failure failure = Objects.requireNonNull(planted().exhaust(() -> false).failure());
    assertThat(failure.violations())
        .extracting(Violation::oracle)
        .contains("free-memory-agreement");

    Exploration again = planted().replay("calls:" + failure.schedule().replace("calls:", ""));

    assertThat(again.failure()).isNotNull();
  }

  @Test
  void scenario_withUserMemoryAndAMermap_isRefused() {
    assertThatThrownBy(() -> Scenario.of("mixed", "Two kernels.", "touch 1", "mermap-get"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'touch 1' with mermap-get");
  }

  @Test
  void faults_ofUserMemory_loseNothing() {
    Scenario scenario = Scenario.of("grow", "Memory runs out.", "write 3; fork; munmap");
    Hunt hunt = FaultSearch.search(scenario.on(X86), /* pairsMax= */ 20, () -> false);

    assertThat(hunt.violations()).isEmpty();
    assertThat(hunt.faults()).isGreaterThan(5);
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
