package org.pagewright.check.schedule;

/**
 * Two runs with the same decisions were not the same: a mistake in a world, not in what it runs.
 */
public final class RunsDiffer extends RuntimeException {
  RunsDiffer() {
    super("run is not deterministic: other CPUs can go on");
  }
}
