package org.pagewright.kernel.buddy;

/** Hears what the allocator does under its locks, as the kernel's trace events tell it. */
public interface EventSink {
  /** Hears nothing. */
  EventSink NOWHERE = new EventSink() {};

  /** {@code mm_page_alloc_zone_locked}: a block left the free lists. */
  default void locked(int cpu, long pfn, int order, int migratetype) {}

  /** {@code mm_page_pcpu_drain}: a block went from a per-CPU list to the free lists. */
  default void drained(int cpu, long pfn, int order, int migratetype) {}

  /** {@code mm_page_alloc_extfrag}: a request was served from another type's block. */
  default void fellBack(int cpu, long pfn, int order, int fallbackOrder, int from, int to) {}
}
