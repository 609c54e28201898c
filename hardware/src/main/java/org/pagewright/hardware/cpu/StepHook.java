package org.pagewright.hardware.cpu;

import org.jspecify.annotations.Nullable;

/** What is told of every step of every CPU, when anything is: the seam of explored runs. */
@FunctionalInterface
public interface StepHook {
  /** The CPU is about to do what {@link Step} calls {@code kind} at {@code address}. */
  void step(Cpu cpu, int kind, long address);

  /** The same for what it can do only when a condition holds; null for always. */
  default void stepWhen(
      Cpu cpu, int kind, long address, Interleaving.@Nullable Condition condition) {
    step(cpu, kind, address);
  }

  /** The CPU is about to turn its interrupts off. */
  default void interruptsOff(Cpu cpu) {}
}
