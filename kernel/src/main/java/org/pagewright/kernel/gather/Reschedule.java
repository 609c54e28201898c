package org.pagewright.kernel.gather;

import org.pagewright.hardware.cpu.Cpu;

/** Whether another task waits for the CPU. Models {@code need_resched()}. */
@FunctionalInterface
public interface Reschedule {
  /** Nobody waits. */
  Reschedule NEVER = cpu -> false;

  boolean isNeeded(Cpu cpu);
}
