package org.pagewright.kernel.gather;

import java.util.List;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.kernel.tablelife.FreeMode;

/**
 * How an architecture's kernel gathers and frees what it unmaps.
 *
 * @param rule which ranges and tables a flush covers
 * @param modes how tables are freed: element n for level n + 1
 * @param fallback what happens to a table when there is no page for a batch
 * @param mergesAreas whether areas share a flush ({@code MMU_GATHER_MERGE_VMAS})
 * @param reclaim the rules of PT_RECLAIM
 */
public record GatherConfig(
    FlushRule rule,
    List<FreeMode> modes,
    BatchFallback fallback,
    boolean mergesAreas,
    ReclaimRules reclaim) {

  /** Which ranges and tables a flush of a gather covers: {@code tlb_flush()} of an architecture. */
  public enum FlushRule {
    /** The range in steps of its smallest entries; everything for a whole address space. */
    X86,
    /**
     * As before; a whole address space of which no table goes needs no flush, for its number is not
     * used again before one of everything.
     */
    ARM64,
    /** The range, but everything as soon as a table goes. */
    RISCV
  }

  /** What happens to a table when no page can be had to remember it in. */
  public enum BatchFallback {
    /** Other CPUs are interrupted, the table is freed then (before PT_RECLAIM). */
    INTERRUPT_AND_FREE,
    /** It is queued by its own descriptor (with PT_RECLAIM). */
    QUEUE_ALONE,
    /** A grace period is waited for (Linux 7.3 without PT_RECLAIM). */
    WAIT_FOR_READERS
  }

  private static final int LEVELS = 5;

  public GatherConfig {
    modes = List.copyOf(modes);
    if (modes.size() != LEVELS) {
      throw new IllegalArgumentException("modes: one for each of " + LEVELS + " levels");
    }
  }

  /**
   * Linux 7.0 on an architecture whose tables are freed after a grace period, with the address of
   * reclaimed tables as in 7.3.
   */
  public static GatherConfig of(Architecture architecture) {
    FlushRule rule =
        switch (architecture) {
          case X86 -> FlushRule.X86;
          case ARM64 -> FlushRule.ARM64;
          default -> FlushRule.RISCV;
        };
    return new GatherConfig(
        rule,
        sameFor(FreeMode.RCU),
        BatchFallback.QUEUE_ALONE,
        /* mergesAreas= */ architecture == Architecture.X86,
        ReclaimRules.LINUX_7_3);
  }

  private static List<FreeMode> sameFor(FreeMode mode) {
    return List.of(mode, mode, mode, mode, mode);
  }

  public FreeMode mode(int level) {
    return modes.get(level - 1);
  }

  /** The same with all tables freed in one way. */
  public GatherConfig withMode(FreeMode mode) {
    return withModes(sameFor(mode));
  }

  public GatherConfig withModes(List<FreeMode> other) {
    return new GatherConfig(rule, other, fallback, mergesAreas, reclaim);
  }

  public GatherConfig withFallback(BatchFallback other) {
    return new GatherConfig(rule, modes, other, mergesAreas, reclaim);
  }

  public GatherConfig withReclaim(ReclaimRules other) {
    return new GatherConfig(rule, modes, fallback, mergesAreas, other);
  }
}
