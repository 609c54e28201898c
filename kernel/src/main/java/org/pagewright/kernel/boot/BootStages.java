package org.pagewright.kernel.boot;

/** Where a feature takes part in boot. */
public interface BootStages {
  /** Boot without the feature. */
  BootStages NONE = new BootStages() {};

  /**
   * Takes memory for a table before the page allocator runs. Models {@code early_pgtable_alloc()}.
   *
   * @param isTop whether it is a top table, which Linux keeps in the kernel image
   * @return its address, or {@link EarlyMemory#NONE}
   */
  default long earlyTable(EarlyMemory memory, long bytes, boolean isTop, long floorPa) {
    return memory.allocate(bytes, bytes, floorPa, memory.endPa());
  }

  /**
   * The page allocator runs and nothing was taken from it yet. Models what {@code mem_init()} and
   * the architecture's last words of boot do.
   */
  default void memoryReady(KernelMachine kernel) {}
}
