package org.pagewright.hardware.cpu;

/** What one CPU asks others to do: runs on the target, in interrupt context. */
@FunctionalInterface
public interface IpiWork {
  /** Does the work on {@code cpu}; it must not sleep. */
  void run(Cpu cpu);
}
