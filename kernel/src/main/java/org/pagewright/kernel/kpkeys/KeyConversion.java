package org.pagewright.kernel.kpkeys;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.BlockConversion;
import org.pagewright.kernel.directmap.DirectMap;

/**
 * Converts whole pageblocks between ordinary and protected: the page allocator's second freetype
 * with another meaning. What "mm: Add __GFP_UNMAPPED" does with presence this does with a key.
 */
final class KeyConversion implements BlockConversion {
  private final DirectMap map;
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
    int error = map.setKey(cpu, pfn, 1L << order, key);
    if (error == 0) {
      conversions++;
    }
    return error;
  }

  long conversions() {
    return conversions;
  }
}
