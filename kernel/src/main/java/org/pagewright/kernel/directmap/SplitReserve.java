package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;

/**
 * Who promises that a split of kernel mappings finds the tables it needs. Models {@code
 * kpkeys_prepare_direct_map_split()} and {@code kpkeys_ready_for_direct_map_split()} (v6 15/30).
 */
public interface SplitReserve {
  /** Tables come from wherever they come from; a split may fail. */
  SplitReserve NONE =
      new SplitReserve() {
        @Override
        public int prepareSplit(Cpu cpu) {
          return 0;
        }

        @Override
        public boolean isReadyForSplit(Cpu cpu) {
          return true;
        }
      };

  /**
   * Makes a split possible; asked without locks, may sleep.
   *
   * @return 0 or a negative {@link org.pagewright.kernel.arch.Errno}
   */
  int prepareSplit(Cpu cpu);

  /** Whether a split may begin; asked under the lock that the split holds. */
  boolean isReadyForSplit(Cpu cpu);
}
