package org.pagewright.faulty.directmap;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.oracle.Oracles;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.directmap.DirectMapConfig;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.pgtable.PageRange;

/**
 * A change of attributes finds an entry without a lock, and a collapse frees the table under it
 * (arch/x86/mm/pat/set_memory.c, Linux 6.15 until commit d5d8b8662e6e, 2026). The configuration of
 * Linux 7.0 is the bug, the one of 7.3 its fix.
 *
 * <p>Scenario: CPU 0 makes the last page of a 2M range read-only and executable, so that the range
 * collapses; CPU 1 changes another page of it. CPU 0 stops before each of its locks in turn, and
 * CPU 1 takes each number of steps meanwhile.
 */
public final class CollapseFreesUnderWriter implements PlantedBug {
  private static final long MIB = 1L << 20;

  /** CPU 0 stops before each of so many locks in turn. */
  private static final int LOCKS = 4;

  /** More steps than a change of one page takes. */
  private static final int STEPS = 40;

  private static final int STOPS = LOCKS * STEPS;
  private static final long STEPS_MAX = 200_000;
  private static final long NO_EXECUTE = 1L << 63;

  @Override
  public String name() {
    return "cpa-collapse-frees-under-writer";
  }

  @Override
  public int gallery() {
    return 25;
  }

  @Override
  public Status status() {
    return Status.CONFIRMED;
  }

  @Override
  public String oracle() {
    return "table-life";
  }

  @Override
  public int schedules() {
    return STOPS;
  }

  @Override
  public List<Violation> run(boolean isPlanted) {
    DirectMapConfig config = isPlanted ? DirectMapConfig.LINUX_7_0 : DirectMapConfig.LINUX_7_3;
    List<Violation> found = List.of();
    for (int stop = 0; stop < STOPS && found.isEmpty(); stop++) {
      found = runOnce(config.withLargestLeafLevel(1), 1 + stop / STEPS, stop % STEPS);
    }
    return found;
  }

  private static List<Violation> runOnce(DirectMapConfig config, int locks, int steps) {
    MachineConfig hardware =
        MachineConfig.small(PteFormat.named("x86_64-4level")).withMap(MemoryMap.of(32 * MIB));
    KernelConfig boot =
        KernelConfig.of(hardware)
            .withImage(KernelImage.NONE)
            .withMemmapBytesPerPage(0)
            .withDirectMap(config);
    try (Machine machine = new Machine(hardware)) {
      EarlyKernel kernel = new EarlyKernel(boot, machine);
      DirectMap map = kernel.directMap();
      long module = map.layout().vmallocBase();
      mapModule(kernel, module);
      try (Oracles oracles = new Oracles(new WatchedKernel(machine, map, null, null))) {
        Interleaving run = new Interleaving(machine, new StopsInBetween(locks, steps), STEPS_MAX);
        run.add(machine.cpu(0), cpu -> set(map, cpu, AttributeChange.READ_ONLY_EXECUTABLE, module));
        run.add(
            machine.cpu(1), cpu -> set(map, cpu, AttributeChange.NOT_EXECUTABLE, module + 4096));
        Interleaving.Outcome outcome = run.run();
        assert outcome.ending() == Interleaving.Ending.FINISHED : outcome;
        return oracles.inspect();
      }
    }
  }

  private static void set(DirectMap map, Cpu cpu, AttributeChange what, long va) {
    int error = map.setMemory(cpu, what, va, 1);
    assert error == 0 : error;
  }

  /** 512 pages, all but the first read-only and executable already. */
  private static void mapModule(EarlyKernel kernel, long module) {
    Cpu cpu = kernel.machine().cpu(0);
    int rights = Rights.KERNEL_READ | Rights.KERNEL_EXECUTE | Rights.GLOBAL | Rights.ACCESSED;
    PageRange range = new PageRange(module, 16 * MIB, 2 * MIB);
    long mapped = kernel.tables().map(cpu, kernel.rootPa(), range, rights, 1, kernel.earlyTables());
    assert mapped == range.bytes() : mapped;
    long changed = kernel.tables().protect(cpu, kernel.rootPa(), module, 4096, NO_EXECUTE, 0);
    assert changed == 1 : changed;
  }

  /**
   * CPU 0 goes up to one of its locks, CPU 1 takes so many steps, CPU 0 goes as far as it can, then
   * CPU 1.
   */
  private static final class StopsInBetween implements Scheduler {
    private int locksLeft;
    private int stepsLeft;

    StopsInBetween(int locks, int steps) {
      this.locksLeft = locks;
      this.stepsLeft = steps;
    }

    @Override
    public int next(Interleaving run, int current, int[] runnable, int count) {
      int low = Math.min(runnable[0], runnable[count - 1]);
      int high = Math.max(runnable[0], runnable[count - 1]);
      if (locksLeft > 0 && current == 0 && run.nextKind(0) == Step.LOCK) {
        locksLeft--;
      }
      if (locksLeft == 0 && stepsLeft > 0) {
        stepsLeft--;
        return high;
      }
      return low;
    }
  }
}
