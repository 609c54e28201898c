package org.pagewright.faulty.ldt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.explore.Hunt;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.fault.FaultSearch;
import org.pagewright.kernel.ldt.LdtKernel;

/** What processes with LDTs do, under all oracles. */
class LdtWorldTest {
  @ParameterizedTest
  @CsvSource({
    "x86_64-4level, true",
    "x86_64-4level, false",
    "x86_64-5level, true",
    "x86_64-5level, false",
    "x86_64-pae, true",
    "x86_64-pae, false",
  })
  void soundKernel_withEachRequestFailing_answersErrorsAndLosesNothing(
      String format, boolean isIsolated) {
    Trial<LdtWorld> trial =
        LdtWorld.lives(() ->
            new LdtWorld(LdtWorld.config(format).withIsolation(isIsolated), LdtKernel.Parts.SOUND));
    Hunt hunt = FaultSearch.search(trial, /* pairsMax= */ 0, () -> false);
    assertThat(hunt.violations()).isEmpty();
    assertThat(hunt.faults()).isGreaterThan(10);
  }

  /** Gallery 8: with more levels than PAE's the walk finds no entry in a region that is ready. */
  @ParameterizedTest
  @ValueSource(strings = {"x86_64-4level", "x86_64-5level"})
  void checkAfterPreparing_on64Bits_isSilent(String format) {
    Search search =
        Search.once(
            isPlanted -> ChecksAfterPreparing.world(format, isPlanted), ChecksAfterPreparing::live);
    assertThat(search.run(/* isPlanted= */ true, () -> false).violations()).isEmpty();
  }
}
