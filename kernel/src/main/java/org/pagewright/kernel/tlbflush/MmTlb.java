package org.pagewright.kernel.tlbflush;

import org.pagewright.hardware.cpu.CpuMask;

/**
 * What an address space keeps for the sake of TLBs. Models {@code mm_context_t} with {@code ctx_id}
 * and {@code tlb_gen}, and {@code mm_cpumask} (x86, Linux 7.0).
 */
public final class MmTlb {
  /** No second root: user mode runs on the kernel's tables. */
  public static final long NO_ROOT = -1;

  private final long contextId;
  private final long rootPa;
  private final long userRootPa;
  private final CpuMask cpus;
  private long generation;

  /** Number of the address space where the architecture keeps one per address space; 0 = none. */
  private int asid;

  /**
   * State of a new address space.
   *
   * @param contextId unique, never used again
   * @param rootPa top table that the kernel runs on
   * @param userRootPa top table that user mode runs on with isolation, or {@link #NO_ROOT}
   */
  public MmTlb(long contextId, long rootPa, long userRootPa, int cpuCount) {
    this.contextId = contextId;
    this.rootPa = rootPa;
    this.userRootPa = userRootPa;
    this.cpus = new CpuMask(cpuCount);
  }

  public long contextId() {
    return contextId;
  }

  public long rootPa() {
    return rootPa;
  }

  public long userRootPa() {
    return userRootPa;
  }

  /** Flushes asked for so far: a CPU that has seen fewer is behind. */
  public long generation() {
    return generation;
  }

  long advance() {
    return ++generation;
  }

  /** Whether the CPU may hold translations of this address space. */
  public boolean mayBeCachedBy(int cpu) {
    return cpus.has(cpu);
  }

  void add(int cpu) {
    cpus.add(cpu);
  }

  void remove(int cpu) {
    cpus.remove(cpu);
  }

  /** How many CPUs may hold translations of this address space. */
  public int cpuCount() {
    return cpus.count();
  }

  int asid() {
    return asid;
  }

  void setAsid(int asid) {
    this.asid = asid;
  }

  @Override
  public String toString() {
    return "mm " + contextId;
  }
}
