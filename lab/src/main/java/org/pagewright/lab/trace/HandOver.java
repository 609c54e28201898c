package org.pagewright.lab.trace;

import org.jspecify.annotations.Nullable;
import org.pagewright.lab.trace.input.RecordedState;

/**
 * Tells frees that hand boot memory over from ordinary ones, where no record says which they are.
 *
 * <p>With deferred initialisation the kernel first has only the lower part of a zone, and hands the
 * rest over ascending: whole pageblocks, and single pages where a block is not whole. A frame above
 * everything that the zone ever had is therefore new; a frame below has been there before. Once the
 * zone has all its present pages, nothing is new any more.
 */
final class HandOver {
  private final long[] start;
  private final long[] end;
  private final FrameSet known = new FrameSet();

  private HandOver(long[] start, long[] end) {
    this.start = start;
    this.end = end;
  }

  /** From the start state, if there is one: else nothing is ever new. */
  static HandOver from(@Nullable RecordedState state) {
    int zones = state == null ? 0 : state.zones().size();
    long[] start = new long[zones];
    long[] end = new long[zones];
    for (int i = 0; state != null && i < zones; i++) {
      RecordedState.Zone zone = state.zones().get(i);
      end[i] = zone.startPfn + zone.spannedPages;
      start[i] = zone.managedPages < zone.presentPages ? highestFree(zone) : end[i];
    }
    return new HandOver(start, end);
  }

  private static long highestFree(RecordedState.Zone zone) {
    long highest = zone.startPfn;
    for (int order = 0; order < RecordedState.ORDERS; order++) {
      for (long[] list : zone.freeLists[order]) {
        for (long pfn : list) {
          highest = Math.max(highest, pfn + (1L << order));
        }
      }
    }
    return highest;
  }

  /** Whether the block is new to the allocator; from here on it is not. */
  boolean take(long pfn, int order) {
    for (int zone = 0; zone < start.length; zone++) {
      if (pfn >= start[zone] && pfn < end[zone] && !known.contains(pfn)) {
        known.add(pfn, order);
        return true;
      }
    }
    return false;
  }
}
