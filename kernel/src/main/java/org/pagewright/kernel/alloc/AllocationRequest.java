package org.pagewright.kernel.alloc;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.buddy.Freetype;

/**
 * A request whose first attempt failed. Models {@code struct alloc_context} (mm/internal.h).
 *
 * @param cpu the CPU that asks, null where a replay asks for it
 * @param cpuId its number
 * @param freetype what the pages must be
 * @param firstFlags flags of the first attempt
 * @param fromCaller flags that the caller passed
 * @param place zone or node that the caller named, or {@link PageAllocator#ANY_ZONE}
 */
record AllocationRequest(
    @Nullable Cpu cpu,
    int cpuId,
    int gfp,
    int order,
    int freetype,
    int firstFlags,
    int fromCaller,
    int place) {

  int migratetype() {
    return Freetype.migratetype(freetype);
  }
}
