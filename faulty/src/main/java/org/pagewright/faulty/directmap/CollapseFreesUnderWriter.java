package org.pagewright.faulty.directmap;

import java.util.List;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.kernel.directmap.AttributeChange;
import org.pagewright.kernel.directmap.DirectMapConfig;

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

  /** CPU 0 stops before each of so many locks in turn. */
  private static final int LOCKS = 4;

  /** More steps than a change of one page takes. */
  private static final int STEPS = 40;

  private static final int STOPS = LOCKS * STEPS;

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
      found = runOnce(config, 1 + stop / STEPS, stop % STEPS);
    }
    return found;
  }

  private static List<Violation> runOnce(DirectMapConfig config, int locks, int steps) {
    Trial<ModuleKernel> trial =
        Trial.ofTwo(
            () -> new ModuleKernel(config),
            (kernel, cpu) -> kernel.set(cpu, AttributeChange.READ_ONLY_EXECUTABLE, 0),
            (kernel, cpu) -> kernel.set(cpu, AttributeChange.NOT_EXECUTABLE, 1));
    try (ModuleKernel kernel = trial.worlds().get()) {
      return trial.run(kernel, new StopsInBetween(locks, steps), /* isEmptied= */ false);
    }
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
