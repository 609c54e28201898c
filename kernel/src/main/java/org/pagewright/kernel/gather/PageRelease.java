package org.pagewright.kernel.gather;

import org.pagewright.hardware.cpu.Cpu;

/** Drops the reference that an entry held. Models {@code free_pages_and_swap_cache()}. */
@FunctionalInterface
public interface PageRelease {
  /** Nothing leads from the entry to the 2^order pages any more, not even a TLB. */
  void release(Cpu cpu, long pfn, int order);
}
