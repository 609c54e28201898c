package org.pagewright.check.kpkeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
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

  /** With larger pages nothing above 32M or 512M is a leaf, so that an end takes one table. */
  @ParameterizedTest
  @CsvSource({
    "aarch64-16k, v6",
    "aarch64-64k, v6",
    "aarch64-16k, freetype",
    "aarch64-64k, freetype",
    "x86_64-5level, v6",
    "x86_64-5level, freetype"
  })
  void histories_withOtherPagesOrLevels_areSound(String format, String design) {
    SplitFindings found = search(format, KpkeysConfig.named(design)).histories(1);
    assertThat(found.example()).isEmpty();
    assertThat(found.depthMax()).isEqualTo(1);
    List<Violation> drained =
        run(
            format,
            KpkeysConfig.named(design),
            SplitOperation.DRAIN,
            SplitOperation.BOTH_ENDS,
            SplitOperation.HOG,
            SplitOperation.TAKE);
    assertThat(drained).isEmpty();
  }

  /** A refill waits for memory before it takes its mutex, so that reclaim may refill, too. */
  @ParameterizedTest
  @CsvSource({
    "aarch64-4k, v6",
    "aarch64-4k, freetype",
    "x86_64-4level, v6",
    "x86_64-4level, freetype"
  })
  void refill_thatReclaimsByWayOfASplit_isServed(String format, String design) {
    KpkeysConfig config = KpkeysConfig.named(design);
    try (SplitWorld world =
        new SplitWorld(PteFormat.named(format), config, /* collapses= */ false)) {
      Cpu cpu = world.machine().cpu(0);
      world.run(cpu, SplitOperation.DRAIN);
      long splits = world.hardened().kernel().directMap().splits(3);
      world.run(cpu, SplitOperation.RECLAIM);
      assertThat(world.inspect()).isEmpty();
      assertThat(world.hardened().kernel().directMap().splits(3)).isGreaterThan(splits);
    }
  }

  /** What lies in a cache or on a list can be taken where sleeping is forbidden; no more. */
  @ParameterizedTest
  @CsvSource({"v6", "freetype"})
  void table_whereSleepingIsForbidden_comesFromTheStock(String design) {
    try (SplitWorld world =
        new SplitWorld(
            PteFormat.named(ARM64), KpkeysConfig.named(design), /* collapses= */ false)) {
      Cpu cpu = world.machine().cpu(0);
      cpu.disablePreemption();
      world.run(cpu, SplitOperation.TAKE);
      world.run(cpu, SplitOperation.GIVE);
      cpu.enablePreemption();
      assertThat(world.inspect()).isEmpty();
      cpu.disablePreemption();
      world.run(cpu, SplitOperation.PAGE);
      cpu.enablePreemption();
      assertThat(world.inspect()).extracting(Violation::oracle).contains("execution-rules");
    }
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
