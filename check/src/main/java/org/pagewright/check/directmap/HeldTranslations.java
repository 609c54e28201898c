package org.pagewright.check.directmap;

import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.PagingRegisters;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;

/** Compares the translations of kernel addresses that CPUs hold with the tables. */
public final class HeldTranslations {
  /** Of a large translation so many pages are compared. */
  private static final long PAGES_MAX = 1 << 9;

  private final Machine machine;

  public HeldTranslations(WatchedKernel kernel) {
    this.machine = kernel.machine();
  }

  /**
   * What a CPU still translates in {@code [from, to)} to another frame, or with more rights, than
   * the tables do as {@code looker} walks them; null if none does.
   *
   * @param to first address behind the range; -1 for none
   */
  public @Nullable String firstStale(Cpu looker, long from, long to) {
    @Nullable String[] found = new @Nullable String[1];
    for (int i = 0; i < machine.cpus() && found[0] == null; i++) {
      Cpu holder = machine.cpu(i);
      holder
          .tlb()
          .forEachEntry((array, va, asid, shift, translation) -> {
            long first = max(from, va);
            long end = to == -1L ? va + (1L << shift) : min(to, va + (1L << shift));
            boolean isInside = Long.compareUnsigned(first, end) < 0;
            if (isInside && found[0] == null && !Translation.isFault(translation)) {
              found[0] = firstStale(looker, holder, first, end, translation);
            }
          });
    }
    return found[0];
  }

  private @Nullable String firstStale(
      Cpu looker, Cpu holder, long from, long to, long translation) {
    long pageBytes = machine.format().pageBytes();
    long last = min(to, from + PAGES_MAX * pageBytes);
    PagingRegisters registers = looker.registers();
    for (long va = from; va != last; va += pageBytes) {
      long walked = machine.walker().walk(registers, va);
      long frame = Translation.pa(translation, va) >>> machine.format().pageShift();
      if (Translation.isFault(walked)
          || Translation.pa(walked, va) != Translation.pa(translation, va)) {
        return "%s still translates 0x%x to frame 0x%x".formatted(holder, va, frame);
      }
      int more = Translation.rights(translation) & ~Translation.rights(walked);
      if ((more & Rights.PERMISSIONS) != 0) {
        return "%s still translates 0x%x with rights that it has no more".formatted(holder, va);
      }
    }
    return null;
  }

  private static long max(long one, long other) {
    return Long.compareUnsigned(one, other) > 0 ? one : other;
  }

  private static long min(long one, long other) {
    return Long.compareUnsigned(one, other) < 0 ? one : other;
  }
}
