package org.pagewright.kernel.arch;

/** What kernel code warns of when it finds what it takes to be impossible: its {@code WARN_ON}s. */
public enum KernelWarning {
  /** A table was to be freed below an entry that points to none. */
  NOT_A_TABLE,
  /** Attributes of a part of a large leaf were to be changed, and it had not been split. */
  LEAF_CHANGED_IN_PART;

  private static final KernelWarning[] VALUES = values();

  /** The number of the warning in events. */
  @SuppressWarnings("EnumOrdinal") // numbers live no longer than a run
  public int number() {
    return ordinal();
  }

  /** The warning of an event. */
  public static KernelWarning of(long number) {
    return VALUES[(int) number];
  }
}
