package org.pagewright.kernel.tablelife;

/** A release that the lives of tables are told of. */
public enum LinuxVersion {
  /** Before kernel PTE tables were constructed and before PT_RECLAIM. */
  V6_12("6.12"),
  /** Constructors for all kernel tables; PT_RECLAIM on x86-64 only. */
  V6_17("6.17"),
  /** PT_RECLAIM wherever tables are freed by RCU and no architecture frees its own. */
  V7_0("7.0"),
  /** Split tables of the direct map are constructed, hot-removed ones destructed. */
  V7_3("7.3");

  private final String label;

  LinuxVersion(String label) {
    this.label = label;
  }

  /** {@code 7.0}. */
  public String label() {
    return label;
  }

  public boolean isBefore(LinuxVersion other) {
    return compareTo(other) < 0;
  }
}
