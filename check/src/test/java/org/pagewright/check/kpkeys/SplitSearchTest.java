package org.pagewright.check.kpkeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.kpkeys.KpkeysConfig;

/** What the search must find, and what it must not. */
final class SplitSearchTest {
  private static final String ARM64 = "aarch64-4k";

  private static SplitSearch search(String format, KpkeysConfig config) {
    return new SplitSearch(PteFormat.named(format), config, /* collapses= */ false);
  }

  private static List<Violation> run(
      String format, KpkeysConfig config, SplitOperation... operations) {
    try (SplitWorld world =
        new SplitWorld(PteFormat.named(format), config, /* collapses= */ false)) {
      for (SplitOperation operation : operations) {
        world.run(world.machine().cpu(0), operation);
      }
      return world.inspect();
    }
  }

  /** A range with two ends takes all four pages; then a refill needs one for its own split. */
  @ParameterizedTest
  @CsvSource({
    "aarch64-4k, v6, false",
    "aarch64-4k, freetype, true",
    "x86_64-4level, v6, true",
    "x86_64-4level, freetype, true"
  })
  void refill_afterARangeWithTwoEnds_findsATable(String format, String design, boolean isServed) {
    List<Violation> found =
        run(
            format,
            KpkeysConfig.named(design),
            SplitOperation.DRAIN,
            SplitOperation.BOTH_ENDS,
            SplitOperation.HOG,
            SplitOperation.TAKE);
    if (isServed) {
      assertThat(found).isEmpty();
    } else {
      assertThat(found).extracting(Violation::oracle).containsOnly("splits-served");
    }
  }

  @Test
  void refill_afterARangeWithTwoEndsOfSixPages_findsATable() {
    assertThat(
            run(
                ARM64,
                KpkeysConfig.V6.withReservedPages(6),
                SplitOperation.DRAIN,
                SplitOperation.BOTH_ENDS,
                SplitOperation.HOG,
                SplitOperation.TAKE))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"v5", "v6", "v7", "freetype"})
  void histories_ofOneOperation_areSound(String design) {
    SplitFindings found = search(ARM64, KpkeysConfig.named(design)).histories(1);
    assertThat(found.example()).isEmpty();
    assertThat(found.broken()).isZero();
    assertThat(found.histories()).isEqualTo(2L * SplitOperation.values().length);
    assertThat(found.depthMax()).isLessThanOrEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"v6, true", "freetype, false"})
  void schedules_ofTwoCpus_breakTheReserveOfV6Only(String design, boolean isBroken) {
    SplitFindings found = search(ARM64, KpkeysConfig.named(design)).schedules();
    assertThat(found.broken() > 0).as(found.example()).isEqualTo(isBroken);
  }

  @Test
  void histories_withTooSmallAReserve_areBroken() {
    SplitFindings found = search(ARM64, KpkeysConfig.FREETYPE.withReservedPages(3)).histories(1);
    assertThat(found.broken()).isPositive();
    assertThat(found.example()).contains("a split found no table");
  }
}
