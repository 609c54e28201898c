package org.pagewright.check.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.explore.Exploration;
import org.pagewright.check.explore.Exploration.Failure;
import org.pagewright.check.explore.Explorer;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.explore.SmallKernel;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.schedule.EveryOrder;
import org.pagewright.check.schedule.FewPreemptions;
import org.pagewright.check.schedule.Strategy;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.secret.FileMapping;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretmemConfig;

/** What goes wrong only if a request fails while another CPU comes in between is found. */
final class FaultedOrdersTest {
  private static final PteFormat X86 = PteFormat.named("x86_64-4level");
  private static final int PREEMPTIONS = 1;

  private static Trial<SmallKernel> trial(SmallKernel.FileMaker files, String... programs) {
    Scenario scenario = Scenario.of("fault-meets-fault", "Two CPUs touch a page.", programs);
    return scenario.on(() -> new SmallKernel(scenario.options(X86), files));
  }

  private static Trial<SmallKernel> planted() {
    return trial(UndoesOthers::new, "allocate; fault 5", "fault 5; allocate");
  }

  private static Exploration search(Trial<SmallKernel> trial, int pairs) {
    return FaultedOrders.search(
        trial, List.of(() -> new FewPreemptions(PREEMPTIONS)), pairs, () -> false);
  }

  @Test
  void search_errorPathThatRaces_isFoundOnlyByBothTogether() {
    assertThat(FaultSearch.search(planted(), 50, () -> false).violations()).isEmpty();
    assertThat(new Explorer(planted()).exhaust(2, () -> false).failure()).isNull();

    Failure failure = Objects.requireNonNull(search(planted(), 0).failure());

    assertThat(failure.violations())
        .extracting(Violation::oracle)
        .contains("free-memory-agreement");
    assertThat(failure.schedule()).startsWith("fails:");
    assertThat(failure.rows())
        .extracting(Exploration.Row::what)
        .anyMatch(what -> what.matches("request \\d+ fails \\(allocation\\)"));
  }

  @Test
  void search_failure_isMadeSmallAndReplayed() {
    Failure failure = Objects.requireNonNull(search(planted(), 0).failure());
    assertThat(failure.programs()).isEqualTo(List.of(List.of("fault 5"), List.of("fault 5")));

    Trial<SmallKernel> smaller = trial(UndoesOthers::new, "fault 5", "fault 5");
    Failure again =
        Objects.requireNonNull(new Explorer(smaller).replay(failure.schedule()).failure());
    assertThat(again.violations()).isEqualTo(failure.violations());
    assertThat(again.rows()).isEqualTo(failure.rows());

    // Neither the order without the failing request shows it, nor the sound kernel with both.
    String order = failure.schedule().replaceFirst("^fails:[^:]*:", "");
    assertThat(new Explorer(smaller).replay(order).failure()).isNull();
    Trial<SmallKernel> sound = trial(SmallKernel.FileMaker.sound(), "fault 5", "fault 5");
    assertThat(new Explorer(sound).replay(failure.schedule()).failure()).isNull();
  }

  static Stream<Scenario> scenarios() {
    return Stream.of("secretmem-double-fault", "unmapped-pool-grows", "write-meets-fork")
        .map(Scenario::named);
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void search_soundKernel_findsNothing(Scenario scenario) {
    int[] asked = {0};
    Exploration found =
        FaultedOrders.search(
            scenario.on(X86),
            List.of(() -> new FewPreemptions(PREEMPTIONS)),
            4,
            () -> asked[0]++ == 100);

    assertThat(found.failure()).isNull();
    assertThat(found.schedules()).isGreaterThan(10);
  }

  @Test
  void search_requestsOfBothCpus_failsEachAndPairsInEveryOrder() {
    Trial<SmallKernel> trial = trial(SmallKernel.FileMaker.sound(), "allocate", "allocate");

    Exploration found =
        FaultedOrders.search(trial, List.of(() -> new EveryOrder(2)), 9, () -> false);

    assertThat(found.coverage()).isEqualTo("2 failing requests and 1 pair, of each every order");
    assertThat(found.schedules()).isGreaterThan(4);
  }

  @Test
  void search_toldToStop_saysSo() {
    Strategy orders = new FewPreemptions(PREEMPTIONS);
    Exploration found = FaultedOrders.search(planted(), List.of(() -> orders), 9, () -> true);

    assertThat(found.schedules()).isZero();
    assertThat(found.coverage()).contains("stopped early");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"fails:2.1:0", "fails:0.0:0", "fails:0:0", "fails:0.1+:0", "fails:1.2.3:"})
  void replay_textThatNamesNoRequest_isRefused(String text) {
    assertThatThrownBy(() -> new Explorer(planted()).replay(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is no request; expected a CPU from 0 to 1");
  }

  /** Where a request fails, takes the page at the index for its own, and gives it back. */
  private static final class UndoesOthers extends SecretPageCache {
    UndoesOthers(SecretPages pages) {
      super(pages, SecretmemConfig.Backing.REMOVE_EACH);
    }

    @Override
    public long grab(Cpu cpu, long index) {
      long pfn = super.grab(cpu, index);
      long added = mapping().pfn(index);
      if (pfn < 0 && added != FileMapping.NONE) {
        assert added != PageAllocator.NONE;
        free(cpu, added);
      }
      return pfn;
    }
  }
}
