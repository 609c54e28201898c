package org.pagewright.lab.trace;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What came of replaying one trace.
 *
 * @param file the trace as the user named it
 * @param kernel the version whose rules were used, and {@code kernelFrom} why
 * @param mode {@code acting} or {@code following}
 * @param predictable allocations whose frame could be known: all with a start state, else those
 *     whose frame was freed earlier in the trace
 * @param predicted those of them whose frame was named
 * @param share predicted by predictable; null if nothing was predictable
 * @param predictedOfAll allocations of any kind whose frame was named
 * @param predictedAfterFollowedRefill those whose place on a list came from a recorded refill
 * @param misses allocations whose frame was not named, by cause
 * @param endState whether the allocator ended in the recorded state; null without one
 */
public record ReplayResult(
    String file,
    String kernel,
    String kernelFrom,
    String mode,
    boolean isStartKnown,
    boolean areHiddenStepsKnown,
    boolean isZoneTold,
    long lines,
    long events,
    double seconds,
    long allocations,
    long frees,
    long predictable,
    long predicted,
    @Nullable Double share,
    long predictedOfAll,
    @Nullable Double shareOfAll,
    long predictedAfterFollowedRefill,
    Map<MissCause, Long> misses,
    List<Long> allocationsByOrder,
    List<Long> allocationsByType,
    Outcomes failures,
    Outcomes fallbacks,
    Outcomes refills,
    Outcomes drains,
    Map<String, Long> repairs,
    Map<String, PartingTable.Row> partings,
    long lost,
    long overwritten,
    List<String> lostAt,
    Map<String, Long> otherEvents,
    Map<String, Long> unknownFlags,
    Map<String, Long> tlbFlushes,
    Map<String, Long> unknownSteps,
    int stepsLeft,
    long invariantChecks,
    @Nullable String brokenInvariant,
    @Nullable EndState endState,
    List<ZoneResult> zones) {

  /**
   * A count in the recorded kernel and with us.
   *
   * @param different operations in which the two differ; null if ours only follow
   */
  public record Outcomes(long recorded, @Nullable Long ours, @Nullable Long different) {}

  /** The state after the last event beside the recorded one. */
  public record EndState(boolean isIdentical, List<String> differences) {}

  /**
   * A zone at the end.
   *
   * @param freeBlocks free blocks by order with us
   * @param recordedFreeBlocks those of {@code /proc/buddyinfo} afterwards; empty if not recorded
   * @param freeBlocksByType free blocks by type and order with us
   * @param recordedFreeBlocksByType those of {@code /proc/pagetypeinfo}
   */
  public record ZoneResult(
      String zone,
      List<Long> freeBlocks,
      List<Long> recordedFreeBlocks,
      Map<String, List<Long>> freeBlocksByType,
      Map<String, List<Long>> recordedFreeBlocksByType) {}

  /** Whether ours was the kernel's answer wherever that could be known. */
  public boolean isExact() {
    boolean isEndRight = endState == null || endState.isIdentical();
    return predicted == predictable && isEndRight && brokenInvariant == null;
  }
}
