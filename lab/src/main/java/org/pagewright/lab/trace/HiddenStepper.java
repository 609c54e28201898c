package org.pagewright.lab.trace;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.trace.input.HiddenSteps;
import org.pagewright.lab.trace.input.HiddenSteps.Step;
import org.pagewright.lab.trace.input.ProcSnapshot;
import org.pagewright.lab.trace.input.TraceReader;

/**
 * Does what happened between the events of a trace, when its time has come.
 *
 * <p>With a record of the hidden steps it does those. Without one it infers what it can: boot
 * memory is handed over where a frame is freed that lies above all memory that the allocator had.
 */
final class HiddenStepper {
  private final ReplayAllocator allocator;
  private final PartingTable partings;
  private final @Nullable ProcSnapshot before;
  private final List<Step> steps;
  private final boolean isRecorded;
  private final HandOver handOver;
  private final long[] seen = new long[TraceReader.CPUS_MAX];
  private final int[] handOversDue = new int[TraceReader.CPUS_MAX];
  private int next;
  private long watermarksSet;

  HiddenStepper(
      ReplayAllocator allocator,
      @Nullable HiddenSteps hidden,
      @Nullable ProcSnapshot before,
      HandOver handOver,
      PartingTable partings) {
    this.allocator = allocator;
    this.before = before;
    this.partings = partings;
    this.handOver = handOver;
    isRecorded = hidden != null;
    steps = hidden == null ? List.of() : hidden.steps();
  }

  /** Counts an event of {@code cpu}. */
  void countEvent(int cpu) {
    seen[cpu]++;
  }

  /** Does the steps that precede the next event. */
  void runDue() {
    while (next < steps.size() && isDue(steps.get(next))) {
      run(steps.get(next++));
    }
  }

  /** Steps that were never due: 0 after a trace that fits its record. */
  int left() {
    return steps.size() - next;
  }

  /** Whether the free of a block on {@code cpu} hands boot memory over. */
  boolean takeHandOver(int cpu, long pfn, int order) {
    if (!isRecorded) {
      return handOver.take(pfn, order);
    }
    if (handOversDue[cpu] == 0) {
      return false;
    }
    handOversDue[cpu]--;
    return true;
  }

  private boolean isDue(Step step) {
    List<Long> after = step.after();
    for (int cpu = 0; cpu < after.size(); cpu++) {
      if (seen[cpu] < after.get(cpu)) {
        return false;
      }
    }
    return true;
  }

  private void run(Step step) {
    switch (step.what()) {
      case ALLOC_BULK -> allocateBulk(step);
      case ALLOC_UNTRACED -> allocateUntraced(step);
      case PCP_SET -> setPcp(step);
      case FREE_CORE_NEXT_EVENT -> handOversDue[step.cpu()]++;
      case BALANCE_PGDAT -> allocator.setReclaimActive(true);
      case BALANCE_PGDAT_END -> allocator.setReclaimActive(false);
      case ISOLATE_FREE_PAGE -> isolate(step);
      case SET_PAGEBLOCK -> {} // A hand-over or a fallback, which store it themselves.
      case DRAIN_ALL_PAGES -> allocator.drainAll();
      case UNRESERVE_HIGHATOMIC_PAGEBLOCK -> {} // Entered, not done: the blocks tell.
    }
  }

  private void allocateBulk(Step step) {
    long[] got = new long[step.count()];
    int count = allocator.allocateBulk(step.cpu(), step.gfp(), got);
    compare(step, got, count);
  }

  private void allocateUntraced(Step step) {
    long[] got = {
      allocator.allocate(step.cpu(), step.gfp(), step.order(), ReplayAllocator.ANY_ZONE)
    };
    compare(step, got, got[0] == ReplayAllocator.NONE ? 0 : 1);
  }

  private void compare(Step step, long[] got, int count) {
    boolean isEqual = count == step.pfns().size();
    for (int i = 0; isEqual && i < count; i++) {
      isEqual = got[i] == step.pfns().get(i);
    }
    if (isEqual) {
      return;
    }
    long recorded = step.pfns().isEmpty() ? -1 : step.pfns().getFirst();
    partings.count(
        PartingTable.Kind.BULK,
        step.line(),
        PartingTable.frame(recorded) + " first of " + step.pfns().size(),
        PartingTable.frame(count == 0 ? -1 : got[0]) + " first of " + count);
    // Both sides hold other frames; giving ours back and taking the recorded ones evens that out.
    for (int i = count - 1; i >= 0; i--) {
      allocator.putOnPcp(step.cpu(), got[i], step.order(), step.migratetype(), false);
    }
    for (long pfn : step.pfns()) {
      if (!allocator.takeFromPcp(pfn, step.order())) {
        allocator.takeFromBuddy(pfn, step.order());
      }
    }
  }

  private void isolate(Step step) {
    for (long pfn : step.pfns()) {
      if (!allocator.isolateFreePage(pfn, step.order())) {
        allocator.takeFromBuddy(pfn, step.order());
      }
    }
  }

  private void setPcp(Step step) {
    for (int zone = 0; zone < allocator.zones(); zone++) {
      if (!allocator.zoneName(zone).equals(step.zone())) {
        continue;
      }
      allocator.setPcp(zone, step.high(), step.batch());
      ProcSnapshot.Zone known = before == null ? null : before.zone(step.zone());
      // The kernel computes high from the low watermark, so an equal high means equal watermarks.
      if (known != null && !known.pcps.isEmpty() && known.pcps.getFirst().high() == step.high()) {
        setWatermarks(zone, known);
      }
    }
  }

  /** Sets the watermarks of every zone from the snapshot, where no step tells when they change. */
  void setWatermarksAtOnce() {
    for (int zone = 0; before != null && zone < allocator.zones(); zone++) {
      ProcSnapshot.Zone known = before.zone(allocator.zoneName(zone));
      if (known != null) {
        setWatermarks(zone, known);
      }
    }
  }

  private void setWatermarks(int zone, ProcSnapshot.Zone known) {
    if (known.value("low") < 0) {
      return;
    }
    int threshold = (int) Math.max(0, known.value("threshold"));
    allocator.setWatermarks(
        zone,
        known.value("min"),
        known.value("low"),
        known.value("high"),
        known.protection,
        threshold);
    watermarksSet++;
  }

  /** How often watermarks were set. */
  long watermarksSet() {
    return watermarksSet;
  }
}
