package org.pagewright.kernel.directmap;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.pagewright.hardware.choice.SeededChoices;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Interleaving;
import org.pagewright.hardware.cpu.Scheduler;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.boot.BreaksProperty;
import org.pagewright.kernel.boot.EarlyKernel;
import org.pagewright.kernel.boot.KernelConfig;
import org.pagewright.kernel.boot.Kernels;
import org.pagewright.kernel.pgtable.PageRange;

/** Two CPUs change kernel mappings at once, under many schedules. */
final class AttributeRaceTest {
  private static final long MIB = 1L << 20;
  private static final long STEPS = 200_000;
  private static final int SCHEDULES = 60;

  /** More steps than a change of one page takes. */
  private static final int STOPS = 40;

  /** Notes writes into tables that were given back. */
  private static final class FreedTables implements EventLog.Reader {
    private final TreeSet<Long> freed = new TreeSet<>();
    private long writes;

    @Override
    public void event(int kind, int cpu, long a, long b, long c) {
      switch (kind) {
        case KernelEvent.TABLE_FREED -> freed.add(a);
        case KernelEvent.TABLE_ALLOCATED -> freed.remove(a);
        case KernelEvent.ENTRY_WRITE -> writes += freed.contains(a >>> 12) ? 1 : 0;
        default -> {}
      }
    }
  }

  @Test
  void twoCpus_splittingTheSameLeaf_agreeOnOneTable() {
    long races = 0;
    for (int seed = 0; seed < SCHEDULES; seed++) {
      EarlyKernel kernel = Kernels.early(twoCpus(DirectMapConfig.LINUX_7_0));
      DirectMap map = kernel.directMap();
      Interleaving run = interleaving(kernel, seed);
      run.add(kernel.machine().cpu(0), cpu -> assertThat(map.setInvalidNoflush(cpu, 5)).isZero());
      run.add(kernel.machine().cpu(1), cpu -> assertThat(map.setInvalidNoflush(cpu, 9)).isZero());
      assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
      for (long pfn = 0; pfn < 512; pfn++) {
        assertThat(map.isPresentNow(pfn)).as("seed %d", seed).isEqualTo(pfn != 5 && pfn != 9);
      }
      assertThat(map.splits(3)).isEqualTo(1);
      assertThat(map.splits(2)).isEqualTo(1);
      assertThat(kernel.tables().tables()).as("no table is lost").isEqualTo(4);
      races += map.splitRaces();
      kernel.machine().close();
    }
    assertThat(races).as("the race was met").isPositive();
  }

  @Test
  @BreaksProperty(value = "table-life", because = "Linux 7.0 has this race")
  void collapse_whileAnotherCpuChangesAPage_mayFreeTheTableUnderItIn7_0Only() {
    assertThat(writesIntoFreedTables(DirectMapConfig.LINUX_7_0)).isPositive();
    assertThat(writesIntoFreedTables(DirectMapConfig.LINUX_7_3)).isZero();
  }

  private static long writesIntoFreedTables(DirectMapConfig config) {
    long writes = 0;
    for (int stop = 0; stop < STOPS; stop++) {
      EarlyKernel kernel = Kernels.early(twoCpus(config.withLargestLeafLevel(1)));
      DirectMap map = kernel.directMap();
      long module = map.layout().vmallocBase();
      mapModule(kernel, module);
      FreedTables freed = new FreedTables();
      kernel.machine().events().attach(freed);
      Interleaving run = new Interleaving(kernel.machine(), new StopsInBetween(stop), STEPS);
      run.add(
          kernel.machine().cpu(0),
          cpu ->
              assertThat(map.setMemory(cpu, AttributeChange.READ_ONLY_EXECUTABLE, module, 1))
                  .isZero());
      run.add(
          kernel.machine().cpu(1),
          cpu ->
              assertThat(map.setMemory(cpu, AttributeChange.NOT_EXECUTABLE, module + 4096, 1))
                  .isZero());
      assertThat(run.run().ending()).isEqualTo(Interleaving.Ending.FINISHED);
      kernel.machine().events().drain();
      writes += freed.writes;
      kernel.machine().close();
    }
    return writes;
  }

  /**
   * 512 pages, all but the first read-only and executable already: one change and they collapse.
   */
  private static void mapModule(EarlyKernel kernel, long module) {
    Cpu cpu = kernel.machine().cpu(0);
    int rights = Rights.KERNEL_READ | Rights.KERNEL_EXECUTE | Rights.GLOBAL | Rights.ACCESSED;
    PageRange range = new PageRange(module, 16 * MIB, 2 * MIB);
    assertThat(kernel.tables().map(cpu, kernel.rootPa(), range, rights, 1, kernel.earlyTables()))
        .isEqualTo(2 * MIB);
    assertThat(kernel.tables().protect(cpu, kernel.rootPa(), module, 4096, X86Entry.NO_EXECUTE, 0))
        .isEqualTo(1);
  }

  private static KernelConfig twoCpus(DirectMapConfig config) {
    String map = config.largestLeafLevel() == 1 ? "0-32M" : "0-1G";
    return Kernels.withCpus(Kernels.config("x86_64-4level", map), 2).withDirectMap(config);
  }

  private static Interleaving interleaving(EarlyKernel kernel, int seed) {
    Scheduler scheduler = Scheduler.of(new SeededChoices(seed));
    return new Interleaving(kernel.machine(), scheduler, STEPS);
  }

  /**
   * CPU 0 runs until it begins to collapse, CPU 1 for so many steps, CPU 0 to its end or until it
   * waits, then CPU 1.
   */
  private static final class StopsInBetween implements Scheduler {
    private boolean collapses;
    private int left;

    StopsInBetween(int steps) {
      this.left = steps;
    }

    @Override
    public int next(Interleaving run, int current, int[] runnable, int count) {
      int low = Math.min(runnable[0], runnable[count - 1]);
      int high = Math.max(runnable[0], runnable[count - 1]);
      collapses |=
          run.nextKind(0) == Step.LOCK && run.nextAddress(0) == KernelMapping.PGD_LOCK_IDENTITY;
      if (collapses && left > 0 && high == 1) {
        left--;
        return high;
      }
      return low;
    }
  }
}
