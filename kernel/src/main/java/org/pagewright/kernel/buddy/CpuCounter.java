package org.pagewright.kernel.buddy;

/**
 * A counter whose changes wait on each CPU until they exceed a threshold. Models {@code
 * __mod_zone_page_state()} (mm/vmstat.c): readers see a value that may lag.
 */
public final class CpuCounter {
  private final long[] pending;
  private long exact;
  private long visible;
  private int threshold;

  public CpuCounter(int cpus) {
    this.pending = new long[cpus];
  }

  public void add(int cpu, long delta) {
    exact += delta;
    long waiting = pending[cpu] + delta;
    if (Math.abs(waiting) > threshold) {
      visible += waiting;
      waiting = 0;
    }
    pending[cpu] = waiting;
  }

  /** What a reader sees. */
  public long visible() {
    return Math.max(visible, 0);
  }

  public long exact() {
    return exact;
  }

  /** Sets the threshold; 0 makes every change visible at once. */
  public void setThreshold(int threshold) {
    this.threshold = threshold;
  }

  /** Changes of one CPU that may wait. */
  public int threshold() {
    return threshold;
  }

  /** Makes what waits on one CPU visible. Models {@code refresh_cpu_vm_stats()}. */
  public void fold(int cpu) {
    visible += pending[cpu];
    pending[cpu] = 0;
  }

  /** Makes every waiting change visible. */
  public void fold() {
    visible = exact;
    java.util.Arrays.fill(pending, 0);
  }

  public void set(long value, long seen) {
    exact = value;
    visible = seen;
    java.util.Arrays.fill(pending, 0);
    pending[0] = value - seen;
  }
}
