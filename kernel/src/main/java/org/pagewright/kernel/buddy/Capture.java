package org.pagewright.kernel.buddy;

/**
 * A block that a compacting task takes as soon as it comes together. Models {@code struct
 * capture_control} and {@code compaction_capture()} (mm/page_alloc.c): frees of the task's own CPU
 * are looked at before each merge, and the block never reaches a list.
 */
public final class Capture {
  private final int cpu;
  private final int order;
  private final int freetype;
  private long pfn = Memmap.NONE;

  /** A wish for one block of {@code order} by a task on {@code cpu}. */
  public Capture(int cpu, int order, int freetype) {
    this.cpu = cpu;
    this.order = order;
    this.freetype = freetype;
  }

  /** First frame of the captured block, or {@link Memmap#NONE}. */
  public long pfn() {
    return pfn;
  }

  /** Whether a free block is taken; below a pageblock none that would mix types. */
  boolean takes(int freeingCpu, long start, int size, int blockFreetype, int blockOrder) {
    int type = Freetype.migratetype(blockFreetype);
    boolean isWanted = pfn == Memmap.NONE && freeingCpu == cpu && size == order;
    if (!isWanted
        || Freetype.isUnmapped(blockFreetype) != Freetype.isUnmapped(freetype)
        || type == Migratetype.CMA
        || type == Migratetype.ISOLATE) {
      return false;
    }
    boolean mixes = type == Migratetype.MOVABLE && Freetype.migratetype(freetype) != type;
    if (size < blockOrder && mixes) {
      return false;
    }
    pfn = start;
    return true;
  }
}
