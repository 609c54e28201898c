package org.pagewright.hardware.cpu;

import org.jspecify.annotations.Nullable;

/** What a CPU does when it has nothing to do, and what waking it costs. */
public enum IdleState {
  /** It runs a task. */
  BUSY(null),
  /** It polls for work: interrupts find it awake. */
  POLLING(Primitive.IDLE_EXIT_POLL),
  /** A shallow idle state. */
  C1(Primitive.IDLE_EXIT_C1),
  /** A shallow idle state at the lowest clock. */
  C1E(Primitive.IDLE_EXIT_C1E),
  /** A deep idle state. */
  C6(Primitive.IDLE_EXIT_C6);

  private final @Nullable Primitive exit;

  IdleState(@Nullable Primitive exit) {
    this.exit = exit;
  }

  public boolean isIdle() {
    return this != BUSY;
  }

  /** Charges what leaving the state costs. */
  void chargeExit(Cpu cpu) {
    if (exit != null) {
      cpu.charge(exit);
    }
  }
}
