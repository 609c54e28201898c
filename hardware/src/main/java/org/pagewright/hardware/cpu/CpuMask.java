package org.pagewright.hardware.cpu;

import java.util.Arrays;

/** A set of CPUs by number. Models {@code struct cpumask} (include/linux/cpumask.h). */
public final class CpuMask {
  /** Returned by {@link #next} when there is none. */
  public static final int NONE = -1;

  private final long[] words;

  /** An empty set that can hold CPUs 0 up to {@code cpus}. */
  public CpuMask(int cpus) {
    words = new long[Math.max(1, (cpus + 63) >>> 6)];
  }

  private CpuMask(long[] words) {
    this.words = words;
  }

  /** All CPUs of the machine. */
  public static CpuMask all(Machine machine) {
    CpuMask mask = new CpuMask(machine.cpus());
    for (int cpu = 0; cpu < machine.cpus(); cpu++) {
      mask.add(cpu);
    }
    return mask;
  }

  public void add(int cpu) {
    words[cpu >>> 6] |= 1L << cpu;
  }

  public void remove(int cpu) {
    words[cpu >>> 6] &= ~(1L << cpu);
  }

  public boolean has(int cpu) {
    return cpu >>> 6 < words.length && (words[cpu >>> 6] & (1L << cpu)) != 0;
  }

  public void clear() {
    Arrays.fill(words, 0);
  }

  /** Adds every CPU of the other set. */
  public void addAll(CpuMask other) {
    for (int i = 0; i < words.length; i++) {
      words[i] |= i < other.words.length ? other.words[i] : 0;
    }
  }

  public boolean isEmpty() {
    for (long word : words) {
      if (word != 0) {
        return false;
      }
    }
    return true;
  }

  public int count() {
    int sum = 0;
    for (long word : words) {
      sum += Long.bitCount(word);
    }
    return sum;
  }

  /** The lowest member that is at least {@code from}, or {@link #NONE}. */
  public int next(int from) {
    int i = from >>> 6;
    if (i >= words.length) {
      return NONE;
    }
    long rest = words[i] & (-1L << from);
    while (rest == 0) {
      if (++i == words.length) {
        return NONE;
      }
      rest = words[i];
    }
    return (i << 6) + Long.numberOfTrailingZeros(rest);
  }

  /** The first 64 CPUs as bits, for events and messages. */
  public long bits() {
    return words[0];
  }

  public CpuMask copy() {
    return new CpuMask(words.clone());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CpuMask mask && Arrays.equals(words, mask.words);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(words);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("{");
    for (int cpu = next(0); cpu != NONE; cpu = next(cpu + 1)) {
      text.append(text.length() > 1 ? "," : "").append(cpu);
    }
    return text.append('}').toString();
  }
}
