package org.pagewright.kernel.directmap;

/** How far boot has come, as far as splitting leaves is concerned (arch/arm64/mm/mmu.c). */
public enum BootPhase {
  /** The page allocator does not work yet. */
  NO_ALLOCATOR,
  /** Only the boot CPU runs, and what it can do is known. */
  BOOT_CPU,
  /** Other CPUs were started; nobody knows yet what all of them can do. */
  SECONDARIES,
  /** What all CPUs can do is known. */
  FINAL
}
