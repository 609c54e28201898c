package org.pagewright.hardware.cpu;

import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.tlb.TlbGeometries;
import org.pagewright.hardware.tlb.TlbGeometry;

/**
 * What a {@link Machine} consists of: the only thing besides its choices that a run depends on.
 *
 * @param name for reports
 * @param map where RAM is
 * @param tlb translation caches of every CPU
 * @param costs what time costs
 * @param cpus how many CPUs, numbered from 0
 */
public record MachineConfig(
    String name, MemoryMap map, PteFormat format, TlbGeometry tlb, CostTable costs, int cpus) {
  /** Most CPUs of a machine. */
  public static final int MAX_CPUS = 1024;

  public MachineConfig {
    if (cpus < 1 || cpus > MAX_CPUS) {
      throw new IllegalArgumentException("cpus must be 1 to " + MAX_CPUS + ": " + cpus);
    }
    if (tlb.architecture() != format.architecture()
        && !tlb.arrays().getFirst().pageShifts().isEmpty()) {
      throw new IllegalArgumentException(
          "TLB " + tlb + " is of " + tlb.architecture() + ", format " + format + " is not");
    }
  }

  /** A small machine for tests: 64 MiB of RAM, 2 CPUs, a small TLB, every primitive free. */
  public static MachineConfig small(PteFormat format) {
    return new MachineConfig(
        "small",
        MemoryMap.of(64L << 20),
        format,
        TlbGeometries.small(format.architecture()),
        CostTable.FREE,
        /* cpus= */ 2);
  }

  /** The same machine with other RAM. */
  public MachineConfig withMap(MemoryMap other) {
    return new MachineConfig(name, other, format, tlb, costs, cpus);
  }

  /** The same machine with other translation caches. */
  public MachineConfig withTlb(TlbGeometry other) {
    return new MachineConfig(name, map, format, other, costs, cpus);
  }

  /** The same machine with other prices. */
  public MachineConfig withCosts(CostTable other) {
    return new MachineConfig(name, map, format, tlb, other, cpus);
  }

  /** The same machine with another number of CPUs. */
  public MachineConfig withCpus(int other) {
    return new MachineConfig(name, map, format, tlb, costs, other);
  }
}
