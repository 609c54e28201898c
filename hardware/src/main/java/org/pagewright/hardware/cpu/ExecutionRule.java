package org.pagewright.hardware.cpu;

/** A rule about what code may do where, as lockdep and might_sleep() enforce it. */
public enum ExecutionRule {
  /** Code that may sleep ran with interrupts off, preemption off or a spin lock held. */
  SLEEP_IN_ATOMIC,
  /** A CPU waited for a call on others with interrupts off: two such CPUs wait for each other. */
  IPI_WAIT_WITH_INTERRUPTS_OFF,
  /** A CPU waited for a call on others in interrupt context. */
  IPI_WAIT_IN_INTERRUPT,
  /** A CPU waited for a call on a CPU that has interrupts off and cannot go on. */
  IPI_TARGET_MASKED,
  /** A CPU waited for a call while it held a lock that the target waits for. */
  IPI_TARGET_NEEDS_LOCK,
  /** A lock was acquired by the CPU that holds it. */
  LOCK_RECURSION,
  /** A lock was tried by the CPU that holds it, which can never succeed: that code is dead. */
  LOCK_TRIED_BY_OWNER,
  /** A lock was held by a CPU that cannot go on before the one that wants it. */
  LOCK_NEVER_RELEASED,
  /** A lock was released by a CPU that does not hold it. */
  LOCK_NOT_HELD,
  /** What a lock protects was changed by a CPU that does not hold it. */
  LOCK_REQUIRED,
  /** Two classes of locks were acquired in both orders. */
  LOCK_ORDER,
  /** A class of locks is taken both in interrupts and with interrupts on. */
  LOCK_INTERRUPT_UNSAFE,
  /** More calls of an enable than of its disable. */
  UNBALANCED_ENABLE,
  /** A section that must be balanced ended at another depth than it began. */
  UNBALANCED_EXIT,
  /** A per-CPU resource was used where the task could have been migrated. */
  MIGRATABLE_USE;

  private static final ExecutionRule[] VALUES = values();

  /** The number of the rule in events. */
  @SuppressWarnings("EnumOrdinal") // numbers live no longer than a run
  public int number() {
    return ordinal();
  }

  /** The rule in field a of an event. */
  public static ExecutionRule of(long number) {
    return VALUES[(int) number];
  }
}
