package org.pagewright.lab.trace;

import org.pagewright.lab.trace.PartingTable.Kind;
import org.pagewright.lab.trace.ReplayCounts.Repair;

/** Brings an allocator back in step where the recorded kernel did something else. */
final class Realignment {
  /** Frames above the kernel's on a list that one unseen request is believed to have taken. */
  private static final int UNSEEN_REQUEST_MAX = 512;

  private final ReplayAllocator allocator;
  private final ReplayCounts counts;
  private final PartingTable partings;

  /** The line of the trace that is at work, for the partings. */
  long line;

  Realignment(ReplayAllocator allocator, ReplayCounts counts, PartingTable partings) {
    this.allocator = allocator;
    this.counts = counts;
    this.partings = partings;
  }

  /** Takes a block from wherever it or a part of it is free; false if nothing of it is. */
  boolean takeAnywhere(long pfn, int order) {
    return allocator.takeFromPcp(pfn, order)
        || allocator.takeFromBuddy(pfn, order)
        || allocator.takeOverlapping(pfn, order);
  }

  /** Gives back what we had picked, to the place it came from. */
  void putBack(int cpu, long pfn, int order, int migratetype) {
    if (allocator.isPcpOrder(order)) {
      allocator.putOnPcp(cpu, pfn, order, migratetype, /* toTail= */ false);
    } else {
      allocator.freeToBuddy(cpu, pfn, order, /* toTail= */ false);
    }
    counts.count(Repair.PUT_BACK, 1);
  }

  /** Takes everything on a per-CPU list as gone, because a refill shows that it was empty. */
  void dropAll(int cpu, int zone, int order, int migratetype) {
    long head = allocator.pcpHead(cpu, zone, order, migratetype);
    while (head != ReplayAllocator.NONE) {
      allocator.takeFromPcp(head, order);
      counts.count(Repair.DROPPED_ABOVE, 1);
      head = allocator.pcpHead(cpu, zone, order, migratetype);
    }
  }

  /** Takes the kernel's answer to a request out of wherever it lies with us. */
  void adopt(Replayer.Stream stream, long pfn, int order, int type, boolean isInInterrupt) {
    int depth = allocator.isPcpOrder(order) ? allocator.pcpDepth(stream.cpu, pfn, order, type) : -1;
    if (depth >= 0) {
      adoptFromList(stream.cpu, pfn, order, type, depth, isInInterrupt);
    } else if (allocator.takeFromPcp(pfn, order)) {
      counts.count(Repair.FROM_OTHER_LIST, 1);
    } else if (allocator.takeFromBuddy(pfn, order)) {
      counts.count(Repair.FROM_BUDDY, 1);
    } else {
      allocator.takeOverlapping(pfn, order);
      counts.count(Repair.NOT_FREE, 1);
    }
  }

  private void adoptFromList(
      int cpu, long pfn, int order, int type, int depth, boolean isInInterrupt) {
    boolean areAboveTaken = !isInInterrupt && depth <= UNSEEN_REQUEST_MAX;
    int zone = allocator.zoneOf(pfn);
    for (int i = 0; areAboveTaken && i < depth; i++) {
      allocator.takeFromPcp(allocator.pcpHead(cpu, zone, order, type), order);
    }
    allocator.takeFromPcp(pfn, order);
    counts.count(areAboveTaken ? Repair.DROPPED_ABOVE : Repair.KEPT_ABOVE, 1);
  }

  /** Makes the refills since the last allocation those that were recorded. */
  void evenRefills(Replayer.Stream stream) {
    LockedSteps steps = stream.refills;
    int ours = steps.oursLeft();
    int recorded = steps.recordedLeft();
    count(steps, Kind.REFILL_SIZE, Kind.REFILL_BLOCKS);
    for (int i = ours - 1; i >= 0; i--) {
      long block = steps.ours(i);
      long pfn = LockedSteps.pfn(block);
      if (allocator.takeFromPcp(pfn, LockedSteps.order(block))) {
        allocator.freeToBuddy(stream.cpu, pfn, LockedSteps.order(block), /* toTail= */ false);
      }
    }
    for (int i = 0; i < recorded; i++) {
      long block = steps.recorded(i);
      long pfn = LockedSteps.pfn(block);
      int order = LockedSteps.order(block);
      takeAnywhere(pfn, order);
      if (allocator.isPcpOrder(order)) {
        allocator.putOnPcp(
            stream.cpu, pfn, order, LockedSteps.migratetype(block), /* toTail= */ true);
      }
    }
    counts.count(Repair.REFILL, 1);
    counts.differentRefills++;
    steps.clear();
  }

  /**
   * Makes the drains since the last operation those that were recorded. Blocks that go back on a
   * list would be drained again by the next free, until the kernel drains too: they count once.
   */
  void evenDrains(Replayer.Stream stream) {
    LockedSteps steps = stream.drains;
    if (steps.isEven()) {
      return;
    }
    boolean isNew = steps.recordedLeft() > 0 || !stream.isDrainHeldBack;
    if (isNew) {
      count(steps, Kind.DRAIN_SIZE, Kind.DRAIN_BLOCKS);
      counts.count(Repair.DRAIN, 1);
      counts.differentDrains++;
    } else {
      counts.ourDrains -= steps.oursLeft();
    }
    stream.isDrainHeldBack = steps.recordedLeft() == 0;
    for (int i = steps.oursLeft() - 1; i >= 0; i--) {
      long block = steps.ours(i);
      long pfn = LockedSteps.pfn(block);
      int order = LockedSteps.order(block);
      if (allocator.takeFromBuddy(pfn, order)) {
        allocator.putOnPcp(
            stream.cpu, pfn, order, LockedSteps.migratetype(block), /* toTail= */ true);
      }
    }
    for (int i = 0; i < steps.recordedLeft(); i++) {
      long block = steps.recorded(i);
      long pfn = LockedSteps.pfn(block);
      int order = LockedSteps.order(block);
      if (takeAnywhere(pfn, order)) {
        allocator.freeToBuddy(stream.cpu, pfn, order, /* toTail= */ false);
      }
    }
    steps.clear();
  }

  private void count(LockedSteps steps, Kind size, Kind blocks) {
    int ours = steps.oursLeft();
    int recorded = steps.recordedLeft();
    Kind kind = ours == recorded ? blocks : size;
    if (partings.has(kind)) {
      partings.countAgain(kind);
      return;
    }
    String first =
        recorded == 0 ? "" : " " + PartingTable.frame(LockedSteps.pfn(steps.recorded(0)));
    String our = ours == 0 ? "" : " " + PartingTable.frame(LockedSteps.pfn(steps.ours(0)));
    partings.count(kind, line, recorded + " more" + first, ours + " more" + our);
  }
}
