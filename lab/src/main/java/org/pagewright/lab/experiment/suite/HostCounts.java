package org.pagewright.lab.experiment.suite;

import org.pagewright.kernel.directmap.DirectMap;

/**
 * What the direct map and free memory look like at one instant.
 *
 * @param absentFreePages free pages that are missing from the direct map
 * @param freeBlocks whole pageblocks that are free
 */
record HostCounts(
    long leaves4K,
    long leaves2M,
    long leaves1G,
    long splits2M,
    long splits1G,
    long freePages,
    long absentFreePages,
    long freeBlocks) {

  static final double PAGE_BYTES = 4096;

  /** The state of {@code host}. */
  static HostCounts of(SimulatedHost host) {
    DirectMap map = host.directMap();
    return new HostCounts(
        map.leaves(1),
        map.leaves(2),
        map.leaves(3),
        map.splits(2),
        map.splits(3),
        HostAllocator.freePages(host.allocator()),
        HostAllocator.absentFreePages(host.allocator()),
        HostAllocator.freeBlocks(host.allocator()));
  }
}
