package org.pagewright.faulty.tlbflush;

import java.util.List;
import org.pagewright.check.explore.Act;
import org.pagewright.check.explore.PlantedBug;
import org.pagewright.check.explore.Search;
import org.pagewright.check.explore.Trial;
import org.pagewright.check.explore.World;
import org.pagewright.check.oracle.Violation;
import org.pagewright.faulty.FaultyKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.boot.KernelMachine;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.Task;
import org.pagewright.kernel.pgtable.PageRange;
import org.pagewright.kernel.tlbflush.FlushOrder;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * A flush spares CPUs that say they are switching, although such a CPU may have read the old
 * generation and loaded the address space's root already (arch/x86/mm/tlb.c before commit
 * fea4e317f9e7, 2025).
 *
 * <p>Scenario: CPU 1, which holds a translation of a process from before, comes back to it; CPU 0
 * takes the page out and flushes.
 */
public final class SkipsSwitchingCpus extends TlbShootdown {
  /** The bug with its scenario. */
  public static final PlantedBug BUG =
      new PlantedBug(
          "tlb-flush-skipped-while-switching",
          16,
          PlantedBug.Status.CONFIRMED,
          "mm-flushes-complete",
          "a flush spares CPUs that are switching",
          Search.exhaust(SkipsSwitchingCpus::flushAndSwitch, /* preemptionsMax= */ 2));

  private static final long USER_VA = 0x40_0000;
  private static final int PAGE_SHIFT = 12;
  private static final long PAGE_BYTES = 1 << PAGE_SHIFT;

  private SkipsSwitchingCpus(KernelMachine kernel) {
    super(kernel.machine(), kernel.shootdown().config(), kernel.shootdown().kernelMm());
  }

  @Override
  protected boolean mustInterrupt(Cpu cpu, FlushOrder request) {
    boolean runsIt = !cpu.isLazy() && state(cpu.id()).loaded() == request.mm();
    return request.freedTables() || runsIt;
  }

  private static Trial<Switching> flushAndSwitch(boolean isPlanted) {
    return Trial.ofTwo(
        () -> new Switching(isPlanted),
        Act.of("flush", Switching::flush),
        Act.of("switch back", Switching::comeBack));
  }

  /** A process runs on CPU 0; its other thread left CPU 1 for another process. */
  private static final class Switching implements World {
    private final FaultyKernel kernel;
    private final Mm mm;
    private final Task left;

    Switching(boolean isPlanted) {
      this.kernel = isPlanted ? FaultyKernel.with(SkipsSwitchingCpus::new) : FaultyKernel.sound();
      this.mm = kernel.run(0);
      long pfn = kernel.kernel().allocator().allocate(kernel.cpu(0), Gfp.KERNEL | Gfp.ZERO, 0);
      PageRange page = new PageRange(USER_VA, pfn << PAGE_SHIFT, PAGE_BYTES);
      long mapped =
          kernel
              .kernel()
              .tables()
              .map(
                  kernel.cpu(0),
                  mm.kernelPgdPa(),
                  page,
                  Rights.KERNEL_READ | Rights.ACCESSED,
                  /* largestLevel= */ 1,
                  kernel.kernel().tablePages());
      assert mapped == PAGE_BYTES : mapped;
      this.left = kernel.runThread(1, mm);
      long value = kernel.cpu(1).load(USER_VA, Access.READ);
      assert value == 0 : value;
      Mm other = kernel.run(1);
      assert other != mm : other;
    }

    long comeBack(Cpu cpu) {
      kernel.processes().run(cpu, left);
      return 0;
    }

    long flush(Cpu cpu) {
      long removed = kernel.kernel().tables().unmap(cpu, mm.kernelPgdPa(), USER_VA, PAGE_BYTES);
      assert removed == 1 : removed;
      kernel
          .shootdown()
          .flushMmRange(
              cpu, mm.tlb(), USER_VA, USER_VA + PAGE_BYTES, PAGE_SHIFT, /* freedTables= */ false);
      return 0;
    }

    @Override
    public Machine machine() {
      return kernel.machine();
    }

    @Override
    public List<Violation> violations() {
      return kernel.violations();
    }

    @Override
    public List<Violation> inspect() {
      return kernel.inspect();
    }

    @Override
    public void close() {
      kernel.close();
    }
  }
}
