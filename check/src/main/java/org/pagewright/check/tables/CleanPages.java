package org.pagewright.check.tables;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.tlb.Tlb;
import org.pagewright.kernel.mm.MmEvent;

/**
 * A page of a file that was cleaned cannot be written unnoticed.
 *
 * <p>Property: when a page is declared clean, no CPU holds a translation to it with which user mode
 * could write on the address space it runs: such a write would set no dirty bit and be lost. Sees:
 * translation caches. Checked: when a page is cleaned. Does not check: address spaces that are not
 * loaded; the kernel's own mappings.
 */
final class CleanPages extends Oracle {
  private static final EventLog.Kinds KINDS = EventLog.Kinds.of(MmEvent.PAGE_CLEANED);

  private final WatchedKernel kernel;

  CleanPages(WatchedKernel kernel, List<Violation> violations) {
    super("clean-pages", KINDS, violations);
    this.kernel = kernel;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind != MmEvent.PAGE_CLEANED) {
      return;
    }
    Machine machine = kernel.machine();
    for (int i = 0; i < machine.cpus(); i++) {
      lookAt(machine.cpu(i), cpu, a);
    }
  }

  private void lookAt(Cpu holder, int cpu, long pfn) {
    int loaded = holder.registers().asid();
    holder
        .tlb()
        .forEachEntry((array, va, asid, shift, translation) -> {
          boolean isUsable = asid == loaded || asid == Tlb.GLOBAL;
          if (!isUsable || Translation.isFault(translation)) {
            return;
          }
          boolean isWritable = (Translation.rights(translation) & Rights.USER_WRITE) != 0;
          if (isWritable && kernel.frame(Translation.pa(translation, va)) == pfn) {
            violated(
                cpu,
                "frame 0x%x was cleaned while %s can write it at 0x%x without a trace"
                    .formatted(pfn, holder, va));
          }
        });
  }
}
