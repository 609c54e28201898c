package org.pagewright.kernel.mm;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;

/**
 * A feature that keeps something in every address space: what Linux calls from {@code mm_init()},
 * {@code arch_exit_mmap()} and {@code __mmdrop()}.
 */
public interface MmFeature {
  /**
   * A new address space, still unused.
   *
   * @return 0 or a negative error, which undoes the creation
   */
  default int create(Cpu cpu, Mm mm) {
    return 0;
  }

  /**
   * A process forked: {@code to} gets what {@code from} keeps. Models {@code arch_dup_mmap()}.
   *
   * @return 0 or a negative error, which fails the fork
   */
  default int duplicate(Cpu cpu, Mm from, Mm to) {
    return 0;
  }

  /**
   * A CPU left one address space for {@code next}; null is the kernel's own. Kernel threads that
   * keep the last one lazily do not come here.
   */
  default void switchTo(Cpu cpu, @Nullable Mm next) {}

  /**
   * A CPU goes over from one task to another, before the other runs. Models what {@code
   * __switch_to()} saves and restores.
   */
  default void switchTask(Cpu cpu, @Nullable Task previous, Task next) {}

  /** The address space ends: first of all, before user mappings go. */
  default void exit(Cpu cpu, Mm mm) {}

  /** The address space is gone, last chance to free what the feature keeps. */
  default void destroy(Cpu cpu, Mm mm) {}
}
