package org.pagewright.check.directmap;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.directmap.DirectMapView;

/**
 * The direct map leads from each address to its own frame, for the kernel only.
 *
 * <p>Property: every present leaf of the direct map leads to the frame that its address stands for
 * and grants user mode nothing; the counters of leaves by size are what the tables hold. Sees: the
 * tables, counters. Checked: at rest. Does not check: which frames are present, which is for {@code
 * free-memory-agreement} and {@code secrets-unreachable}; counters where the architecture has none.
 */
final class DirectMapIdentity extends Oracle {
  private static final EventLog.Kinds KINDS = EventLog.Kinds.NONE;

  private static final int LEVELS = 4;

  private final WatchedKernel kernel;
  private final PteFormat format;

  /** How far the counters were off when it was attached, by level. */
  private final long[] apart;

  DirectMapIdentity(WatchedKernel kernel, List<Violation> violations) {
    super("direct-map-identity", KINDS, violations);
    this.kernel = kernel;
    this.format = kernel.machine().format();
    this.apart = apart();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    // Only what the tables hold at rest matters.
  }

  @Override
  protected void inspect() {
    DirectMapView map = kernel.directMap();
    for (MemoryMap.Range range : kernel.machine().memory().map().ranges()) {
      long end = range.to() >>> format.pageShift();
      for (long pfn = range.from() >>> format.pageShift(); pfn < end; ) {
        int level = map.levelNow(pfn);
        String wrong = wrong(pfn, map.entryNow(pfn), level);
        if (wrong != null) {
          violatedAtRest(wrong);
          return;
        }
        pfn = nextLeaf(pfn, level);
      }
    }
    long[] off = apart();
    for (int level = 1; level < LEVELS; level++) {
      if (off[level] != apart[level]) {
        violatedAtRest(
            "%d leaves of level %d more are counted than the direct map has"
                .formatted(off[level] - apart[level], level));
      }
    }
  }

  private long nextLeaf(long pfn, int level) {
    long pages = format.levelBytes(level) >>> format.pageShift();
    return (pfn / pages + 1) * pages;
  }

  private @Nullable String wrong(long pfn, long entry, int level) {
    if (!format.isPresent(entry, level)) {
      return null;
    }
    // Entries of a run lead to its beginning.
    long inside = (pfn << format.pageShift()) & ((1L << format.pageShift(entry, level)) - 1);
    long found = kernel.frame(format.pa(entry, level) + inside);
    if (found != pfn) {
      return "the direct map leads from frame 0x%x to frame 0x%x".formatted(pfn, found);
    }
    boolean isOfUser = (format.rights(entry, level) & Rights.USER) != 0;
    return isOfUser ? "user mode may use frame 0x%x in the direct map".formatted(pfn) : null;
  }

  /** Counted leaves less those that the tables have, by level; zeros where nothing is counted. */
  private long[] apart() {
    DirectMapView map = kernel.directMap();
    long[] off = new long[LEVELS];
    for (int level = 1; level < LEVELS; level++) {
      off[level] = map.leaves(level);
    }
    if (off[1] + off[2] + off[3] == 0) {
      return off;
    }
    for (MemoryMap.Range range : kernel.machine().memory().map().ranges()) {
      long end = range.to() >>> format.pageShift();
      for (long pfn = range.from() >>> format.pageShift(); pfn < end; ) {
        int level = map.levelNow(pfn);
        off[level]--;
        pfn = nextLeaf(pfn, level);
      }
    }
    return off;
  }
}
