package org.pagewright.kernel.kpkeys;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Mutex;
import org.pagewright.kernel.alloc.BlockConversion;
import org.pagewright.kernel.directmap.DirectMap;

/**
 * Converts whole pageblocks between ordinary and protected: the page allocator's second freetype
 * with another meaning. What "mm: Add __GFP_UNMAPPED" does with presence this does with a key.
 */
final class KeyConversion implements BlockConversion {
  private static final int MUTEX_IDENTITY = 0x6b70_0002;

  private final DirectMap map;

  /** One conversion at a time, so that the reserve needs one page for all of them. */
  private final Mutex converting = new Mutex("pgtable_conversion", MUTEX_IDENTITY);

  private long conversions;

  KeyConversion(DirectMap map) {
    this.map = map;
  }

  @Override
  public boolean isPossible() {
    return map.canSet();
  }

  @Override
  public int convert(Cpu cpu, long pfn, int order, boolean protects) {
    int key = protects ? KeyLevel.KEY_PGTABLES : KeyLevel.KEY_DEFAULT;
    converting.acquire(cpu);
    int error = map.setKey(cpu, pfn, 1L << order, key);
    converting.release(cpu);
    if (error == 0) {
      conversions++;
    }
    return error;
  }

  /** Whether the task that runs here converts a block. */
  boolean isConverting(Cpu cpu) {
    return converting.isHeldBy(cpu);
  }

  long conversions() {
    return conversions;
  }
}
