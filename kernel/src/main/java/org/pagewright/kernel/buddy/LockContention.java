package org.pagewright.kernel.buddy;

import org.pagewright.hardware.choice.Choices;

/**
 * When a lock that is only tried is held by somebody else. Models the failures of {@code
 * pcp_spin_trylock()} and of {@code spin_trylock()} on a zone's lock (mm/page_alloc.c), which come
 * from interrupts and other CPUs that a run does not show.
 */
public interface LockContention {
  /** Every lock is had at the first try. */
  LockContention NEVER = new LockContention() {};

  /** Whether the lock of a CPU's lists is held; the request or free then goes past them. */
  default boolean isPcpHeld(int cpu) {
    return false;
  }

  /** Whether a zone's lock is held against one that may only try it. */
  default boolean isZoneHeld(int cpu) {
    return false;
  }

  /** Locks are held once in {@code oneIn} tries, as {@code choices} decide. */
  static LockContention chosen(Choices choices, int oneIn) {
    return new LockContention() {
      @Override
      public boolean isPcpHeld(int cpu) {
        return choices.pick(oneIn, "lock of the per-CPU lists is held") == oneIn - 1;
      }

      @Override
      public boolean isZoneHeld(int cpu) {
        return choices.pick(oneIn, "lock of the zone is held") == oneIn - 1;
      }
    };
  }
}
