package org.pagewright.lab.trace;

import org.jspecify.annotations.Nullable;

/**
 * What a replay asks of an allocator: the kernel's own operations, and repairs where the allocator
 * and the recorded kernel differ.
 *
 * <p>Frames are first frames of blocks. Nothing here allocates memory per call.
 */
interface ReplayAllocator {
  /** No frame: a failed request, an empty list. */
  long NONE = -1;

  /** The request may be served from every zone that its flags allow. */
  int ANY_ZONE = -1;

  /** Hears of what the allocator does under its locks, as the kernel's trace events tell it. */
  interface Listener {
    /** A block left the free lists; {@code cpu} made the request. */
    void locked(int cpu, long pfn, int order, int migratetype);

    /** A block left a per-CPU list of {@code cpu} for the free lists. */
    void drained(int cpu, long pfn, int order, int migratetype);

    /** A request was served from another type's list. */
    void fellBack(int cpu, long pfn, int order, int fallbackOrder, int from, int to);
  }

  // The kernel's operations.

  /** Answers a request; {@code zone} restricts it, or is {@link #ANY_ZONE}. */
  long allocate(int cpu, int gfp, int order, int zone);

  /** Takes order-0 blocks as a bulk request does; returns how many it got. */
  int allocateBulk(int cpu, int gfp, long[] into);

  /** Frees a block as {@code __free_pages()} does. */
  void free(int cpu, long pfn, int order);

  /** Frees a block past the per-CPU lists; to the tail of its free list if so wanted. */
  void freeToBuddy(int cpu, long pfn, int order, boolean toTail);

  /** Hands boot memory over, {@code __free_pages_core()}. */
  void handOver(int cpu, long pfn, int order);

  /** Takes a free block out, {@code __isolate_free_page()}; false if it is not free. */
  boolean isolateFreePage(long pfn, int order);

  /** Empties every per-CPU list. */
  void drainAll();

  /** Sets high and batch of every CPU's lists of a zone. */
  void setPcp(int zone, int high, int batch);

  /** Whether kswapd is at work in every zone. */
  void setReclaimActive(boolean isActive);

  /** Sets what decides whether a zone may be used; {@code threshold} is that of its counters. */
  void setWatermarks(int zone, long min, long low, long high, long[] reserve, int threshold);

  // Looking.

  int zones();

  String zoneName(int zone);

  /** The zone that spans a frame, or -1. */
  int zoneOf(long pfn);

  /** The highest zone that a request may use. */
  int preferredZone(int gfp);

  /** First block of a per-CPU list, or {@link #NONE}. */
  long pcpHead(int cpu, int zone, int order, int migratetype);

  /**
   * How many blocks lie before {@code pfn} on the per-CPU list of {@code cpu} for {@code order} and
   * {@code migratetype}, or -1 if it is not there.
   */
  int pcpDepth(int cpu, long pfn, int order, int migratetype);

  /** Whether blocks of {@code order} may lie on per-CPU lists. */
  boolean isPcpOrder(int order);

  // Repairs.

  /** Lets the allocator refill and drain on its own, or only as told by the repairs below. */
  void setSelfActing(boolean refillsAndDrains);

  /** Takes a block off the per-CPU list that it lies on; false if it lies on none. */
  boolean takeFromPcp(long pfn, int order);

  /** Takes a block out of the free lists, breaking up a larger one; false if it is not free. */
  boolean takeFromBuddy(long pfn, int order);

  /**
   * Takes every free block that overlaps a block off its list: pieces of it, and a per-CPU block
   * that contains it; false if there is none. For frames whose past is not known whole.
   */
  boolean takeOverlapping(long pfn, int order);

  /** Takes the smallest sufficient block of a type from the free lists, as a request would. */
  long takeSmallest(int cpu, int zone, int order, int migratetype);

  /** Puts a block at the end of a per-CPU list, or at its head. */
  void putOnPcp(int cpu, long pfn, int order, int migratetype, boolean toTail);

  /** Notes the migratetype of the pageblock that holds {@code pfn}, as an event told it. */
  void setBlockType(long pfn, int migratetype);

  /** Complains about the first invariant that does not hold, or returns null. */
  @Nullable String brokenInvariant();
}
