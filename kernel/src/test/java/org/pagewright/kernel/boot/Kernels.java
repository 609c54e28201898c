package org.pagewright.kernel.boot;

import org.pagewright.hardware.cpu.CostTable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * Kernels for tests: machines by a line of text, and a source of tables that can be told to fail.
 */
public final class Kernels {
  private Kernels() {}

  /** A configuration with the RAM that {@code map} says, no image, no descriptors. */
  public static KernelConfig config(String format, String map) {
    MachineConfig machine =
        MachineConfig.small(PteFormat.named(format)).withMap(MemoryMap.parse(map));
    return KernelConfig.bare(machine);
  }

  /** The same with other CPUs, every primitive at one cycle. */
  public static KernelConfig withCpus(KernelConfig config, int cpus) {
    MachineConfig machine = config.machine().withCpus(cpus).withCosts(CostTable.ALL_ONES);
    return config.withMachine(machine);
  }

  public static EarlyKernel early(KernelConfig config) {
    return new EarlyKernel(config, new Machine(config.machine()));
  }

  public static EarlyKernel early(String format, String map) {
    return early(config(format, map));
  }

  /** Hands out tables of another source until it is told not to. */
  public static final class FailingTables implements TableSource {
    private final TableSource behind;
    private long left;
    private long asked;
    private long given;

    /** Fails from the request after {@code left} on. */
    public FailingTables(TableSource behind, long left) {
      this.behind = behind;
      this.left = left;
    }

    @Override
    public long allocate(Cpu cpu, int level) {
      asked++;
      if (left == 0) {
        return NONE;
      }
      left--;
      given++;
      return behind.allocate(cpu, level);
    }

    @Override
    public void free(Cpu cpu, long tablePa, int level) {
      given--;
    }

    public void allow(long more) {
      left = more;
    }

    public long asked() {
      return asked;
    }

    /** Tables handed out and not given back. */
    public long given() {
      return given;
    }
  }
}
