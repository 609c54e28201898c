package org.pagewright.kernel.compact;

/** How much compaction may cost. Models {@code enum compact_priority}. */
public enum CompactionPriority {
  /** Only pageblocks of the wanted type, and none that was without result lately. */
  ASYNC,
  /** Any pageblock, but none that was without result lately. */
  SYNC_LIGHT,
  /** The whole zone. */
  SYNC_FULL;

  /** What to try after a failure. */
  public CompactionPriority next() {
    return this == ASYNC ? SYNC_LIGHT : SYNC_FULL;
  }
}
