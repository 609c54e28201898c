package org.pagewright.kernel.alloc;

import org.pagewright.hardware.cpu.Cpu;

/**
 * Zeroes pages that the direct map lacks, as versions 1 and 2 of the series ask the allocator to.
 */
public interface PageZeroing {
  /** Nothing can be zeroed: requests for unmapped pages fail. */
  PageZeroing NONE =
      new PageZeroing() {
        @Override
        public boolean isReady(Cpu cpu) {
          return false;
        }

        @Override
        public void zero(Cpu cpu, long pfn, int order) {
          throw new IllegalStateException("no mapping to zero through");
        }
      };

  /**
   * Whether requests for unmapped pages must come from a task that can zero them. Versions 1 and 2
   * ask that of all, also where nothing is to be zeroed.
   */
  default boolean isNeeded(int gfp) {
    return true;
  }

  /** Whether the current task can zero such pages. */
  boolean isReady(Cpu cpu);

  /** Zeroes a block. */
  void zero(Cpu cpu, long pfn, int order);
}
