package org.pagewright.kernel.compact;

import org.pagewright.kernel.buddy.Memmap;

/**
 * How compaction of a zone ended. Models {@code enum compact_result} (include/linux/compaction.h).
 *
 * @param pfn first frame of a captured block, or {@link Memmap#NONE}
 */
public record CompactionResult(Ending ending, long pfn) {
  /** Why it ended. */
  public enum Ending {
    /** Too little is free, or what is free is not in pieces. */
    SKIPPED,
    /** It failed often lately. */
    DEFERRED,
    /** The two scanners met, starting in the middle of the zone. */
    PARTIAL,
    /** The two scanners met, having seen the whole zone. */
    COMPLETE,
    /** There is a block. */
    SUCCESS
  }

  static CompactionResult of(Ending ending) {
    return new CompactionResult(ending, Memmap.NONE);
  }
}
