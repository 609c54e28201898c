package org.pagewright.kernel.kpkeys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.pagewright.hardware.choice.Choices;
import org.pagewright.hardware.choice.ExhaustiveChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.directmap.AttributeChange;

/** All short histories of a small machine: can every split be served, and from how little? */
final class SplitSupplyTest {
  private static final int GIB_PAGES = 1 << 18;
  private static final int STEPS = 3;
  private static final int OPERATIONS = 4;

  /** What all histories together have shown. */
  private static final class Seen {
    private int histories;
    private int depthMax;
    private long keptMin = Long.MAX_VALUE;
    private long unserved;
    private String example = "none";
  }

  private static HardenedTables boot(String format, KpkeysConfig config) {
    KernelConfig kernel = Kernels.config(format, "0-6G");
    KernelConfig blocks = kernel.withDirectMap(kernel.directMap().withLargestLeafLevel(3));
    return HardenedTables.boot(blocks, config, Choices.first());
  }

  private static Seen search(String format, KpkeysConfig config) {
    Seen seen = new Seen();
    ExhaustiveChoices choices = new ExhaustiveChoices();
    do {
      List<String> history = new ArrayList<>();
      HardenedTables hardened = boot(format, config);
      try (KernelMachine kernel = hardened.kernel()) {
        Cpu cpu = kernel.cpu(0);
        for (int step = 0; step < STEPS; step++) {
          history.add(step(kernel, hardened, cpu, choices));
        }
        seen.histories++;
        seen.depthMax = Math.max(seen.depthMax, kernel.directMap().splitDepthMax());
        seen.keptMin = Math.min(seen.keptMin, hardened.pages().keptPagesMin());
        if (hardened.pages().unserved() > 0 && seen.unserved++ == 0) {
          seen.example = String.join("; ", history);
        }
      }
    } while (choices.next());
    return seen;
  }

  private static String step(
      KernelMachine kernel, HardenedTables hardened, Cpu cpu, Choices choices) {
    return switch (choices.pick(OPERATIONS, "operation")) {
      case 0 -> "table: " + (hardened.pages().take(cpu, 0) != ProtectedPages.NONE);
      case 1 -> {
        while (hardened.pages().keptPages() > hardened.config().reservedPages()) {
          long pfn = hardened.pages().take(cpu, 0);
          assertThat(pfn).isNotEqualTo(ProtectedPages.NONE);
          if (hardened.config().supply() == KpkeysConfig.Supply.FREETYPE) {
            break; // its pool is the page allocator's
          }
        }
        yield "tables until only the reserve is left";
      }
      case 2 -> "page: " + change(kernel, hardened, cpu, wholeGib(kernel) * GIB_PAGES + 5, 1);
      default -> "both ends: " + change(kernel, hardened, cpu, boundary(kernel) - 3, 6);
    };
  }

  private static int change(
      KernelMachine kernel, HardenedTables hardened, Cpu cpu, long pfn, long pages) {
    return hardened.setMemory(cpu, AttributeChange.NOT_PRESENT, kernel.directMap().va(pfn), pages);
  }

  /** A gigabyte that one leaf maps, or 0. */
  private static long wholeGib(KernelMachine kernel) {
    for (long gib = 1; gib < 6; gib++) {
      if (kernel.directMap().levelNow(gib * GIB_PAGES) == 3) {
        return gib;
      }
    }
    return 0;
  }

  /** A frame with a leaf of 1G on either side, or with less if there is none. */
  private static long boundary(KernelMachine kernel) {
    for (long gib = 1; gib < 6; gib++) {
      long pfn = gib * GIB_PAGES;
      boolean below = kernel.directMap().levelNow(pfn - 1) == 3;
      if (below && kernel.directMap().levelNow(pfn) == 3) {
        return pfn;
      }
    }
    return GIB_PAGES;
  }

  @ParameterizedTest
  @BreaksProperty(
      value = "free-memory-agreement",
      because = "pages leave the direct map that nobody took")
  @CsvSource({"aarch64-4k, 1", "x86_64-4level, 4"})
  void freetype_allHistories_servesEverySplit(String format, long fewest) {
    Seen seen = search(format, KpkeysConfig.FREETYPE);
    assertThat(seen.histories).isEqualTo(64);
    assertThat(seen.unserved).as(seen.example).isZero();
    assertThat(seen.depthMax).isEqualTo(1);
    assertThat(seen.keptMin).isEqualTo(fewest);
  }

  /** x86 drops its lock for each table and can prepare again; arm64 splits under one lock. */
  @ParameterizedTest
  @BreaksProperty(
      value = "free-memory-agreement",
      because = "pages leave the direct map that nobody took")
  @CsvSource({"aarch64-4k, 0", "x86_64-4level, 3"})
  void v6_allHistories_emptiesTheReserveOnArm64Only(String format, long fewest) {
    Seen seen = search(format, KpkeysConfig.V6);
    assertThat(seen.histories).isEqualTo(64);
    assertThat(seen.depthMax).isEqualTo(1);
    assertThat(seen.unserved).as(seen.example).isZero();
    assertThat(seen.keptMin).isEqualTo(fewest);
  }

  /** Two groups of two serve one range that is split at one end, not at both. */
  @Test
  @BreaksProperty(
      value = "free-memory-agreement",
      because = "pages leave the direct map that nobody took")
  void v6_rangeSplitAtBothEndsFromTheReserve_leavesNothingForARefill() {
    HardenedTables hardened = boot("aarch64-4k", KpkeysConfig.V6);
    try (KernelMachine kernel = hardened.kernel()) {
      Cpu cpu = kernel.cpu(0);
      while (hardened.pages().keptPages() > KpkeysConfig.V6.reservedPages()) {
        assertThat(hardened.pages().take(cpu, 0)).isNotEqualTo(ProtectedPages.NONE);
      }
      assertThat(change(kernel, hardened, cpu, boundary(kernel) - 3, 6)).isZero();
      assertThat(hardened.pages().keptPages()).isZero();
      assertThat(hardened.pages().isReadyForSplit(cpu)).isFalse();
    }
  }

  @Test
  @BreaksProperty(
      value = {"free-memory-agreement", "splits-served"},
      because = "pages leave the direct map that nobody took, and the reserve is too small")
  void v6_smallerReserve_cannotServeASplit() {
    KpkeysConfig config = KpkeysConfig.V6.withReservedPages(2);
    Seen seen = search("aarch64-4k", config);
    assertThat(seen.unserved).as("histories with an unserved split").isPositive();
  }

  @Test
  @BreaksProperty(
      value = {"free-memory-agreement", "splits-served"},
      because = "pages leave the direct map that nobody took, and the reserve is too small")
  void freetype_smallerReserve_cannotServeASplit() {
    Seen seen = search("aarch64-4k", KpkeysConfig.FREETYPE.withReservedPages(3));
    assertThat(seen.unserved).as("histories with an unserved split").isPositive();
  }
}
