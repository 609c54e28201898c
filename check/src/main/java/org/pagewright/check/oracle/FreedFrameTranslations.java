package org.pagewright.check.oracle;

import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.tlb.Tlb;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.UserRange;

/**
 * No CPU can reach a frame that is given back, except through the direct map.
 *
 * <p>Property: when a frame is given back, no CPU holds a translation to it that it could use with
 * the address space it runs on, nor a paging-structure entry that points to a table in it. Sees:
 * translation caches of all CPUs. Checked: at each free. Does not check: entries of address spaces
 * that are not loaded, which the generation flushes before they are used again; user addresses on
 * CPUs that keep the address space lazily, for the same reason; addresses of the direct map, which
 * other oracles follow.
 */
final class FreedFrameTranslations extends Oracle {
  private final WatchedKernel kernel;

  FreedFrameTranslations(WatchedKernel kernel, List<Violation> violations) {
    super("freed-frame-translations", violations);
    this.kernel = kernel;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind != KernelEvent.FRAMES_FREED) {
      return;
    }
    Machine machine = kernel.machine();
    for (int i = 0; i < machine.cpus(); i++) {
      lookAt(machine.cpu(i), cpu, a, a + (1L << b));
    }
  }

  private void lookAt(Cpu holder, int cpu, long from, long to) {
    int loaded = holder.registers().asid();
    int pageShift = kernel.machine().format().pageShift();
    holder
        .tlb()
        .forEachEntry((array, va, asid, shift, translation) -> {
          boolean isSpared = holder.isLazy() && isOfUser(va);
          boolean isUsable = (asid == loaded || asid == Tlb.GLOBAL) && !isSpared;
          if (isUsable && !Translation.isFault(translation) && !inDirectMap(va)) {
            long first = kernel.frame(Translation.pa(translation, va));
            if (first < to && first + (1L << (shift - pageShift)) > from) {
              violated(
                  cpu,
                  "%s still translates 0x%x to frame %d, which is given back"
                      .formatted(holder, va, Math.max(first, from)));
            }
          }
        });
    holder
        .tlb()
        .forEachStructure((level, va, spanShift, asid, tablePa) -> {
          boolean isUsable = asid == loaded || asid == Tlb.GLOBAL;
          long table = kernel.frame(tablePa);
          if (isUsable && table >= from && table < to) {
            violated(
                cpu,
                "%s still walks from 0x%x into a table in frame %d, which is given back"
                    .formatted(holder, va, table));
          }
        });
  }

  private boolean isOfUser(long va) {
    return Long.compareUnsigned(va, UserRange.end(kernel.machine().format())) < 0;
  }

  private boolean inDirectMap(long va) {
    return kernel.directMap().layout().inDirectMap(va);
  }
}
