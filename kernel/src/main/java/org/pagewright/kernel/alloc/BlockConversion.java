package org.pagewright.kernel.alloc;

import org.pagewright.hardware.cpu.Cpu;

/**
 * Takes blocks of at least a pageblock out of the direct map and puts them back: the allocator's
 * way to change a block's freetype. Called without locks, with interrupts on; may sleep.
 */
public interface BlockConversion {
  /** No block can be converted. */
  BlockConversion NONE =
      new BlockConversion() {
        @Override
        public boolean isPossible() {
          return false;
        }

        @Override
        public int convert(Cpu cpu, long pfn, int order, boolean unmaps) {
          throw new IllegalStateException("no conversion is possible");
        }
      };

  /** Models {@code can_set_direct_map()}. */
  boolean isPossible();

  /**
   * Makes a block absent from the direct map, its translations flushed, or present again; answers 0
   * or a negative errno with the direct map as it was.
   */
  int convert(Cpu cpu, long pfn, int order, boolean unmaps);
}
