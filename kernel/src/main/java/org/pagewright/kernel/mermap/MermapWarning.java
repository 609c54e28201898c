package org.pagewright.kernel.mermap;

/** Why the mermap warned: one constant for each {@code WARN_ON_ONCE} of mm/mermap.c. */
public enum MermapWarning {
  /** get: there is no address space, or its mermap was not prepared. */
  NOT_PREPARED,
  /** get: the architecture refuses the protection. */
  PROTECTION,
  /** get: not in task context. */
  NOT_IN_TASK,
  /** get: the reserved mapping is in use, which preemption being off should exclude. */
  RESERVE_IN_USE,
  /** getReserved: more than one page. */
  RESERVE_SIZE,
  /** getReserved: preemption is on. Models {@code lockdep_assert_preemption_disabled()}. */
  RESERVE_PREEMPTIBLE,
  /** put: the mapping is not in use. */
  NOT_IN_USE,
  /** Teardown: a mapping is still in use. */
  IN_USE_AT_TEARDOWN
}
