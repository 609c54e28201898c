package org.pagewright.kernel.directmap;

import org.pagewright.kernel.arch.KernelLayout;

/** What checkers may see of the direct map; looking charges nothing and switches no CPU. */
public interface DirectMapView {
  KernelLayout layout();

  /** Physical address of the kernel's top table. */
  long rootPa();

  /** Whether the frame is mapped and present in the tables at this instant. */
  boolean isPresentNow(long pfn);

  /** The raw entry that maps or mapped the frame; 0 where there never was one. */
  long entryNow(long pfn);

  /** Level of the entry that maps or mapped the frame. */
  int levelNow(long pfn);

  /** Leaves of a level that the counters of /proc/meminfo claim. */
  long leaves(int level);

  /** Splits of leaves of a level since boot. */
  long splits(int level);

  /** Merges into leaves of a level since boot. */
  long collapses(int level);

  /** Deepest nesting of splits seen so far: 1 when a split never needed another. */
  int splitDepthMax();
}
