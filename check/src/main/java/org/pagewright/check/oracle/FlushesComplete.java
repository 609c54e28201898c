package org.pagewright.check.oracle;

import java.util.Arrays;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;

/**
 * A flush leaves nothing behind that the tables no longer say.
 *
 * <p>Property: when a flush of kernel addresses has returned, every translation of the range that
 * any CPU holds leads where a walk of the tables leads. Sees: translation caches of all CPUs, the
 * tables. Checked: at the end of each flush of the direct map or of vmalloc addresses. Does not
 * check: flushes during which another CPU wrote an entry, whose own flush is still to come; rights
 * that became fewer; addresses of one process.
 */
final class FlushesComplete extends Oracle {
  private static final long PAGES_MAX = 1 << 9;

  private final WatchedKernel kernel;

  /** Whether another CPU wrote an entry since the CPU's flush began. */
  private final boolean[] isDisturbed;

  FlushesComplete(WatchedKernel kernel, List<Violation> violations) {
    super("flushes-complete", violations);
    this.kernel = kernel;
    this.isDisturbed = new boolean[kernel.machine().cpus()];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.FLUSH_KERNEL -> isDisturbed[cpu] = false;
      case KernelEvent.ENTRY_WRITE -> {
        boolean mine = isDisturbed[cpu];
        Arrays.fill(isDisturbed, true);
        isDisturbed[cpu] = mine;
      }
      case KernelEvent.FLUSHED_KERNEL -> {
        if (!isDisturbed[cpu]) {
          compare(cpu, a, b);
        }
      }
      default -> {}
    }
  }

  private void compare(int cpu, long from, long to) {
    Machine machine = kernel.machine();
    for (int i = 0; i < machine.cpus(); i++) {
      Cpu holder = machine.cpu(i);
      holder
          .tlb()
          .forEachEntry((array, va, asid, shift, translation) -> {
            long first = max(from, va);
            long end = to == -1L ? va + (1L << shift) : min(to, va + (1L << shift));
            if (Long.compareUnsigned(first, end) < 0 && isOfKernel(va)) {
              compareEntry(cpu, holder, first, end, translation);
            }
          });
    }
  }

  private void compareEntry(int cpu, Cpu holder, long first, long end, long translation) {
    if (Translation.isFault(translation)) {
      return;
    }
    Machine machine = kernel.machine();
    long pageBytes = machine.format().pageBytes();
    long last = min(end, first + PAGES_MAX * pageBytes);
    for (long va = first; va != last; va += pageBytes) {
      long walked = machine.walker().walk(machine.cpu(cpu).registers(), va);
      boolean agrees =
          !Translation.isFault(walked)
              && Translation.pa(walked, va) == Translation.pa(translation, va);
      if (!agrees) {
        long pfn = kernel.frame(Translation.pa(translation, va));
        violated(
            cpu,
            "%s still translates 0x%x to frame 0x%x after its flush".formatted(holder, va, pfn));
        return;
      }
    }
  }

  private boolean isOfKernel(long va) {
    KernelLayout layout = kernel.directMap().layout();
    return layout.inDirectMap(va) || layout.inVmalloc(va);
  }

  private static long max(long one, long other) {
    return Long.compareUnsigned(one, other) > 0 ? one : other;
  }

  private static long min(long one, long other) {
    return Long.compareUnsigned(one, other) < 0 ? one : other;
  }
}
