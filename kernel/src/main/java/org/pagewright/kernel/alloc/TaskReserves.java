package org.pagewright.kernel.alloc;

import org.pagewright.hardware.cpu.Cpu;

/** Which reserves the current task may use. Models {@code __gfp_pfmemalloc_flags()}. */
@FunctionalInterface
public interface TaskReserves {
  /** No task may use any. */
  TaskReserves NONE = cpu -> 0;

  /**
   * {@link AllocFlags#NO_WATERMARKS} for a task that frees memory ({@code PF_MEMALLOC}), {@link
   * AllocFlags#OOM} for a victim, else 0.
   */
  int granted(Cpu cpu);
}
