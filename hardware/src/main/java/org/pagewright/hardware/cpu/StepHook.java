package org.pagewright.hardware.cpu;

/** What is told of every step of every CPU, when anything is: the seam of explored runs. */
@FunctionalInterface
public interface StepHook {
  /** The CPU is about to do what {@link Step} calls {@code kind} at {@code address}. */
  void step(Cpu cpu, int kind, long address);
}
