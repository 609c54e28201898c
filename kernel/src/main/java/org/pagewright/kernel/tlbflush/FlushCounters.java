package org.pagewright.kernel.tlbflush;

/**
 * What flushing cost, by CPU and by part: the initiator's own work, its waiting, and the time that
 * interrupted CPUs lost.
 */
@SuppressWarnings("EnumOrdinal") // counters of a CPU are a row of an array
public final class FlushCounters {
  /** What is counted. */
  public enum Counter {
    /** Flushes of kernel addresses asked for. */
    KERNEL_FLUSHES,
    /** Of these, flushes of everything because of their size or on purpose. */
    FULL_FLUSHES,
    /** Flushes of an address space asked for. */
    MM_FLUSHES,
    /** Flushes of this CPU alone. */
    LOCAL_FLUSHES,
    /** Pages invalidated one by one on this CPU. */
    PAGES_INVALIDATED,
    /** CPUs that could not do their part while this one waited: a deadlock on real hardware. */
    NEVER_ACKNOWLEDGED,
    /** Times that this CPU dropped everything. */
    FULL_INVALIDATIONS,
    /** Broadcast instructions issued. */
    BROADCASTS,
    /** CPUs interrupted for flushes of this CPU. */
    INTERRUPTS_SENT,
    /** Interrupts that this CPU took for flushes of others. */
    INTERRUPTS_TAKEN,
    /** Cycles of the initiator's own invalidations. */
    OWN_CYCLES,
    /** Cycles of the initiator between sending and the last acknowledgement. */
    WAIT_CYCLES,
    /** Cycles that flushes of others took from this CPU. */
    STOLEN_CYCLES
  }

  private static final int COUNTERS = Counter.values().length;

  private final long[] values;
  private final int cpus;

  FlushCounters(int cpus) {
    this.cpus = cpus;
    this.values = new long[cpus * COUNTERS];
  }

  void add(int cpu, Counter counter, long amount) {
    values[cpu * COUNTERS + counter.ordinal()] += amount;
  }

  /** The counter of one CPU. */
  public long of(int cpu, Counter counter) {
    return values[cpu * COUNTERS + counter.ordinal()];
  }

  /** The counter over all CPUs. */
  public long total(Counter counter) {
    long sum = 0;
    for (int cpu = 0; cpu < cpus; cpu++) {
      sum += of(cpu, counter);
    }
    return sum;
  }

  /** Sets everything back to zero, between samples of an experiment. */
  public void reset() {
    java.util.Arrays.fill(values, 0);
  }
}
