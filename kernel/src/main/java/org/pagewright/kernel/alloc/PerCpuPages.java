package org.pagewright.kernel.alloc;

import java.util.Arrays;
import org.pagewright.kernel.buddy.FrameRing;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;

/**
 * Blocks that one CPU keeps at hand from one zone. Models {@code struct per_cpu_pages} (mmzone.h).
 *
 * <p>Lists: orders 0 to 3 by migratetype, two of pageblock order, and five of unmapped pages.
 */
final class PerCpuPages {
  static final int COSTLY_ORDER = 3;

  /** Lists when the pool of unmapped pages is built in. */
  static final int LISTS = 19;

  private static final int LOW_LISTS = (COSTLY_ORDER + 1) * Migratetype.PCP_TYPES;
  private static final int UNMAPPED_FIRST = LOW_LISTS + 2;

  private final FrameRing[] lists = new FrameRing[LISTS];
  final int cpu;

  /** Pages on all lists. */
  int count;

  int high;
  int highMin;
  int highMax;
  int batch = 1;

  /** 6.1: doubles what successive frees give back. */
  int freeFactor;

  /** 6.7: scales refills, as a shift. */
  int allocFactor;

  /** 6.7: pages freed lately. */
  int freeCount;

  boolean freedHighOrder;

  /** Whether the CPU's share of the last-level cache holds more than three batches. */
  boolean freesHighBatch;

  PerCpuPages(int cpu) {
    Arrays.setAll(lists, list -> new FrameRing());
    this.cpu = cpu;
  }

  /** One of the lists, numbered by {@link #index}. */
  FrameRing list(int index) {
    return lists[index];
  }

  static int index(int freetype, int order) {
    boolean isLow = order <= COSTLY_ORDER;
    if (Freetype.isUnmapped(freetype)) {
      return UNMAPPED_FIRST + (isLow ? order : COSTLY_ORDER + 1);
    }
    int type = Freetype.migratetype(freetype);
    if (isLow) {
      return order * Migratetype.PCP_TYPES + type;
    }
    return LOW_LISTS + (type == Migratetype.MOVABLE ? 1 : 0);
  }

  static int order(int index, int blockOrder) {
    if (index < LOW_LISTS) {
      return index / Migratetype.PCP_TYPES;
    }
    int unmapped = index - UNMAPPED_FIRST;
    return unmapped >= 0 && unmapped <= COSTLY_ORDER ? unmapped : blockOrder;
  }
}
