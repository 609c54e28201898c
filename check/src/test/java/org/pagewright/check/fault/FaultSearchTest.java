package org.pagewright.check.fault;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.Operation;
import org.pagewright.check.explore.Scenario;
import org.pagewright.check.explore.SmallKernel;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.secret.SecretPageCache;
import org.pagewright.kernel.secret.SecretPages;
import org.pagewright.kernel.secret.SecretmemConfig;

/** Each request fails in turn; what is lost or answered wrongly then is found. */
final class FaultSearchTest {
  private static final PteFormat X86 = PteFormat.named("x86_64-4level");

  static List<Scenario> scenarios() {
    return Scenario.all();
  }

  private static SmallKernel sound() {
    return new SmallKernel(X86, SmallKernel.FileMaker.sound());
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void search_soundKernel_findsNothing(Scenario scenario) {
    Hunt hunt = FaultSearch.search(scenario.on(X86), 60, () -> false);

    assertThat(hunt.violations()).isEmpty();
    assertThat(hunt.faults()).isGreaterThan(4);
  }

  @Test
  void search_threeRequests_failsEachThenTheRestThenPairs() {
    Act.Body<SmallKernel> thrice =
        (kernel, cpu) -> {
          long worst = 0;
          for (int i = 0; i < 3; i++) {
            worst = Math.min(worst, Operation.allocate().run(kernel, cpu));
          }
          return worst;
        };

    Hunt hunt =
        FaultSearch.search(Trial.of(FaultSearchTest::sound, "thrice", thrice), 9, () -> false);

    assertThat(hunt.faults()).isEqualTo(3 + 3 + 3);
  }

  @Test
  void search_frameForgottenAfterAFailure_isLost() {
    Trial<SmallKernel> trial =
        new Trial<>(
            () -> new SmallKernel(X86, Forgetful::new), List.of(List.of(Operation.fault(5))));

    Hunt hunt = FaultSearch.search(trial, 0, () -> false);

    assertThat(hunt.violations()).extracting(Violation::oracle).containsOnly("nothing-lost");
    assertThat(hunt.where()).isEqualTo("request 3 fails (allocation)");
  }

  @Test
  void search_answerThatTheOperationMayNotGive_isFound() {
    Act.Body<SmallKernel> rude =
        (kernel, cpu) -> Operation.allocate().run(kernel, cpu) < 0 ? -Errno.EBUSY : 0;

    Hunt hunt = FaultSearch.search(Trial.of(FaultSearchTest::sound, "rude", rude), 0, () -> false);

    assertThat(hunt.violations()).extracting(Violation::oracle).containsOnly(Trial.ANSWERS);
  }

  @Test
  void search_toldToStop_runsOnce() {
    Hunt hunt =
        FaultSearch.search(Scenario.all().getFirst().on(FaultSearchTest::sound), 9, () -> true);

    assertThat(hunt.faults()).isZero();
  }

  /** Takes a frame too many, and gives it back only if the page could be added. */
  private static final class Forgetful extends SecretPageCache {
    private final SecretPages pages;

    Forgetful(SecretPages pages) {
      super(pages, SecretmemConfig.Backing.REMOVE_EACH);
      this.pages = pages;
    }

    @Override
    public long grab(Cpu cpu, long index) {
      SecretPageCache other = new SecretPageCache(pages, SecretmemConfig.Backing.REMOVE_EACH);
      long first = other.grab(cpu, 0);
      long pfn = first < 0 ? first : super.grab(cpu, index);
      if (pfn >= 0) {
        other.truncate(cpu, 0);
      }
      return pfn;
    }
  }
}
