package org.pagewright.check.oracle;

/**
 * A property that did not hold.
 *
 * @param oracle name of the oracle whose property it is
 * @param cpu CPU on which the last event before it happened, or -1 when the run was at rest
 * @param what which object broke the property, and how
 */
public record Violation(String oracle, int cpu, String what) {
  @Override
  public String toString() {
    return oracle + (cpu < 0 ? ": " : ", CPU " + cpu + ": ") + what;
  }
}
