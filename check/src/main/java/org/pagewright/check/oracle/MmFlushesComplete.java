package org.pagewright.check.oracle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.mm.MmEvent;

/**
 * A flush of an address space leaves nothing behind on CPUs that run it.
 *
 * <p>Property: when a flush of addresses of one process has returned, no CPU that runs on its
 * kernel root translates them to another frame, or with more rights, than the tables do. Sees:
 * address spaces made and flushed, CPUs that change theirs, translation caches, the tables.
 * Checked: at the end of each flush; for a CPU with interrupts off, which may be about to flush,
 * when it has changed its address space, and at rest. Does not check: CPUs that keep an address
 * space lazily or do not run on it, which flush before they use it; flushes during which somebody
 * wrote an entry, whose own flush is still to come; translations of the user's root.
 */
final class MmFlushesComplete extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MM_CREATED,
          MmEvent.MM_DESTROYED,
          KernelEvent.FLUSH_MM,
          KernelEvent.FLUSHED_MM,
          KernelEvent.SWITCH_MM,
          KernelEvent.LAZY_TLB,
          KernelEvent.ENTRY_WRITE);

  /** A flush of {@code [from, to)} that has returned, or is on its way. */
  private record Flush(long context, long from, long to) {}

  /** A flush of which nothing is asked: none, or one during which an entry was written. */
  private static final Flush NOTHING = new Flush(-1, 0, 0);

  private final Machine machine;
  private final KernelLayout layout;

  /** Kernel roots of the address spaces, by context. */
  private final Map<Long, Long> roots = new HashMap<>();

  /** The flush that each CPU is in the middle of. */
  private final Flush[] current;

  /** Flushes that returned while a CPU had interrupts off. */
  private final List<List<Flush>> owed = new ArrayList<>();

  MmFlushesComplete(WatchedKernel kernel, List<Violation> violations) {
    super("mm-flushes-complete", KINDS, violations);
    this.machine = kernel.machine();
    this.layout = kernel.directMap().layout();
    this.current = new Flush[machine.cpus()];
    Arrays.fill(current, NOTHING);
    for (int i = 0; i < machine.cpus(); i++) {
      owed.add(new ArrayList<>());
    }
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MM_CREATED -> roots.put(a, b);
      case MmEvent.MM_DESTROYED -> roots.remove(a);
      case KernelEvent.FLUSH_MM -> current[cpu] = new Flush(a, b, c);
      case KernelEvent.FLUSHED_MM -> finished(cpu);
      case KernelEvent.SWITCH_MM, KernelEvent.LAZY_TLB -> settle(cpu);
      case KernelEvent.ENTRY_WRITE -> disturb();
      default -> {}
    }
  }

  @Override
  protected void inspect() {
    for (int i = 0; i < machine.cpus(); i++) {
      settle(i);
    }
  }

  private void disturb() {
    Arrays.fill(current, NOTHING);
    owed.forEach(List::clear);
  }

  private void finished(int cpu) {
    Flush flush = current[cpu];
    if (!roots.containsKey(flush.context)) {
      return;
    }
    for (int i = 0; i < machine.cpus(); i++) {
      if (i == cpu || machine.cpu(i).interruptsEnabled()) {
        compare(machine.cpu(i), flush);
      } else {
        owed.get(i).add(flush);
      }
    }
  }

  private void settle(int cpu) {
    List<Flush> flushes = owed.get(cpu);
    flushes.forEach(flush -> compare(machine.cpu(cpu), flush));
    flushes.clear();
  }

  private void compare(Cpu holder, Flush flush) {
    Long root = roots.get(flush.context);
    if (root == null || holder.isAwayFromUser() || !runsOn(holder, root)) {
      return;
    }
    int loaded = holder.registers().asid();
    holder
        .tlb()
        .forEachEntry((array, va, asid, shift, translation) -> {
          boolean isUsable = asid == loaded && isOfProcess(va);
          boolean isInside =
              Long.compareUnsigned(va + (1L << shift) - 1, flush.from) >= 0
                  && (flush.to == -1L || Long.compareUnsigned(va, flush.to) < 0);
          if (isUsable && isInside && !Translation.isFault(translation)) {
            compareEntry(holder, Math.max(va, flush.from), translation);
          }
        });
  }

  private boolean runsOn(Cpu cpu, long rootPa) {
    return (cpu.registers().root() & machine.format().rootMask()) == rootPa;
  }

  /** What all processes share has flushes of its own. */
  private boolean isOfProcess(long va) {
    return !layout.inDirectMap(va) && !layout.inVmalloc(va);
  }

  private void compareEntry(Cpu holder, long va, long translation) {
    long walked = machine.walker().walk(holder.registers(), va);
    if (!Translation.allows(walked, translation, va, Rights.PERMISSIONS)) {
      violated(
          holder.id(),
          "%s still translates 0x%x as before the flush of its address space"
              .formatted(holder, va));
    }
  }
}
