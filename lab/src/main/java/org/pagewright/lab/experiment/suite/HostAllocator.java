package org.pagewright.lab.experiment.suite;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.alloc.AllocatorConfig;
import org.pagewright.kernel.alloc.AllocatorRules;
import org.pagewright.kernel.alloc.AllocatorText;
import org.pagewright.kernel.alloc.BlockConversion;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.directmap.DirectMap;

/** Gives the memory that boot has left to a page allocator, and looks at what is free. */
final class HostAllocator {

  private static final int PAGE_SHIFT = 12;

  private HostAllocator() {}

  /** An allocator of {@code rules} over all memory of {@code kernel} that boot did not use. */
  static PageAllocator over(EarlyKernel kernel, AllocatorRules rules) {
    MemoryMap map = kernel.machine().memory().map();
    PageAllocator allocator =
        new PageAllocator(AllocatorConfig.of(map, kernel.machine().cpus(), rules));
    for (MemoryMap.Range range : kernel.memory().freeRanges()) {
      long from = Math.max(1, range.from() >>> PAGE_SHIFT);
      long to = range.to() >>> PAGE_SHIFT;
      if (from < to) {
        allocator.handOver(from, to);
      }
    }
    allocator.finishBoot();
    return allocator;
  }

  /** Lets {@code allocator} convert pageblocks of the direct map of {@code kernel}. */
  static void connect(PageAllocator allocator, EarlyKernel kernel) {
    allocator.setConversion(new DirectMapConversion(kernel));
  }

  /** Free pages that are missing from the direct map. */
  static long absentFreePages(PageAllocator allocator) {
    return allocator.freeUnmappedPages();
  }

  /** Free pages, those on per-CPU lists included. */
  static long freePages(PageAllocator allocator) {
    return allocator.freePages() + allocator.pcpPages();
  }

  /** Free pageblocks, counted as the benchmarks do: in the last two columns of buddyinfo. */
  static long freeBlocks(PageAllocator allocator) {
    return AllocatorText.buddyinfo(allocator)
        .lines()
        .map(line -> line.strip().split("\\s+"))
        .mapToLong(columns ->
            Long.parseLong(columns[columns.length - 2])
                + 2 * Long.parseLong(columns[columns.length - 1]))
        .sum();
  }

  /** Takes pageblocks out of the direct map, flushed, and puts them back. */
  private record DirectMapConversion(EarlyKernel kernel) implements BlockConversion {

    @Override
    public boolean isPossible() {
      return kernel.directMap().canSet();
    }

    @Override
    public int convert(Cpu cpu, long pfn, int order, boolean unmaps) {
      DirectMap directMap = kernel.directMap();
      int error = directMap.setValidNoflush(cpu, pfn, 1L << order, !unmaps);
      if (error == 0 && unmaps) {
        long va = directMap.va(pfn);
        kernel.shootdown().flushKernelRange(cpu, va, va + (1L << (order + PAGE_SHIFT)));
      }
      return error;
    }
  }
}
