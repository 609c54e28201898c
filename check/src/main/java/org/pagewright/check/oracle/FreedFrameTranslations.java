package org.pagewright.check.oracle;

import java.util.List;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.tlb.Tlb;
import org.pagewright.hardware.tlb.TlbView;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.UserRange;

/**
 * Nobody can reach a frame that is given back, except through the direct map.
 *
 * <p>Property: when a frame is given back, no CPU holds a translation to it that it could use with
 * the address space it runs on, nor a paging-structure entry that points to a table in it; a walker
 * that is no CPU holds none at all. Sees: translation caches of all CPUs and other walkers.
 * Checked: at each free. Does not check: entries of address spaces that are not loaded, which the
 * generation flushes before they are used again; user addresses on CPUs that keep the address space
 * lazily, for the same reason; addresses of the direct map, which other oracles follow.
 */
final class FreedFrameTranslations extends Oracle {
  private static final EventLog.Kinds KINDS = EventLog.Kinds.of(KernelEvent.FRAMES_FREED);

  /** In the place of an address-space number: whatever is cached may be used. */
  private static final int ANY = Integer.MIN_VALUE;

  /** Frames {@code [from, to)} that a CPU gives back. */
  private record Freed(int cpu, long from, long to) {}

  /** Who may use what it cached for the address space with the number {@code loaded}. */
  private record Holder(String name, TlbView tlb, int loaded, boolean isLazy) {
    boolean canUse(int asid) {
      return asid == loaded || asid == Tlb.GLOBAL || loaded == ANY;
    }
  }

  private final WatchedKernel kernel;

  FreedFrameTranslations(WatchedKernel kernel, List<Violation> violations) {
    super("freed-frame-translations", KINDS, violations);
    this.kernel = kernel;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind != KernelEvent.FRAMES_FREED) {
      return;
    }
    Machine machine = kernel.machine();
    for (int i = 0; i < machine.cpus(); i++) {
      Cpu holder = machine.cpu(i);
      int loaded = holder.registers().asid();
      Holder one = new Holder(holder.toString(), holder.tlb(), loaded, holder.isAwayFromUser());
      lookAt(one, new Freed(cpu, a, a + (1L << b)));
    }
    for (TlbView tlb : machine.otherTlbs()) {
      lookAt(new Holder("an IOMMU", tlb, ANY, false), new Freed(cpu, a, a + (1L << b)));
    }
  }

  private void lookAt(Holder holder, Freed freed) {
    int pageShift = kernel.machine().format().pageShift();
    holder.tlb.forEachEntry((array, va, asid, shift, translation) -> {
      boolean isSpared = holder.isLazy && isOfUser(va);
      if (holder.canUse(asid)
          && !isSpared
          && !Translation.isFault(translation)
          && !inDirectMap(va)) {
        long first = kernel.frame(Translation.pa(translation, va));
        if (first < freed.to && first + (1L << (shift - pageShift)) > freed.from) {
          violated(
              freed.cpu,
              "%s still translates 0x%x to frame 0x%x, which is given back"
                  .formatted(holder.name, va, Math.max(first, freed.from)));
        }
      }
    });
    holder.tlb.forEachStructure((level, va, spanShift, asid, tablePa) -> {
      long table = kernel.frame(tablePa);
      if (holder.canUse(asid) && table >= freed.from && table < freed.to) {
        violated(
            freed.cpu,
            "%s still walks from 0x%x into a table in frame 0x%x, which is given back"
                .formatted(holder.name, va, table));
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
