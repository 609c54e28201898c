package org.pagewright.check.oracle;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.mm.MmEvent;

/**
 * The kernel does not get at secret memory.
 *
 * <p>Property: from when a frame joins a secret file until it is given back, neither the tables nor
 * any CPU's translation cache lead from an address of the direct map to it, and nobody takes a
 * reference on it to use it there. Before a frame joins, or is handed out as one that the direct
 * map lacks, its address was flushed on every CPU after the entry went: any CPU could have walked
 * it before, whether or not one did in this run. Sees: the files' events, references taken through
 * user addresses, changes of attributes, flushes, the tables, translation caches. Checked: when a
 * frame joins, is handed out or is referenced, and at rest. Does not check: what a CPU reads
 * through other addresses; copies of the contents elsewhere.
 */
final class SecretsUnreachable extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.ATTRIBUTES_CHANGE,
          KernelEvent.FLUSH_KERNEL,
          KernelEvent.FLUSHED_KERNEL,
          KernelEvent.FRAMES_ALLOCATED,
          MmEvent.SECRET_ADDED,
          MmEvent.SECRET_REMOVED,
          MmEvent.SECRET_LEAKED,
          MmEvent.FRAME_PINNED);

  private final WatchedKernel kernel;

  /** Pages from each first frame on that are secret. */
  private final Map<Long, Long> secrets = new TreeMap<>();

  /** Frames that were about to leave the direct map, and whose addresses nobody flushed since. */
  private final BitSet unflushed = new BitSet();

  /** Those of them that were absent when the flush that each CPU is in began. */
  private final List<BitSet> flushing = new ArrayList<>();

  SecretsUnreachable(WatchedKernel kernel, List<Violation> violations) {
    super("secrets-unreachable", KINDS, violations);
    this.kernel = kernel;
    for (int i = 0; i < kernel.machine().cpus(); i++) {
      flushing.add(new BitSet());
    }
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.ATTRIBUTES_CHANGE -> changes(a, b);
      case KernelEvent.FLUSH_KERNEL -> flushBegins(cpu, a, b);
      case KernelEvent.FLUSHED_KERNEL -> flushed(cpu, a, b);
      case KernelEvent.FRAMES_ALLOCATED -> requireFlushed(cpu, a, 1L << b, "was handed out");
      default -> eventOfFile(kind, cpu, a, b);
    }
  }

  private void eventOfFile(int kind, int cpu, long a, long b) {
    if (kind == MmEvent.SECRET_ADDED) {
      secrets.put(a, b);
      requireFlushed(cpu, a, b, "joined a secret file");
      lookAt(cpu, a, b);
    } else if (kind == MmEvent.SECRET_REMOVED || kind == MmEvent.SECRET_LEAKED) {
      secrets.remove(a);
    } else if (kind == MmEvent.FRAME_PINNED && isSecret(a)) {
      violated(cpu, "a reference was taken on secret frame " + hex(a));
    }
  }

  // ---- flushes that are owed

  private void changes(long va, long pages) {
    KernelLayout layout = kernel.directMap().layout();
    if (!layout.inDirectMap(va)) {
      return;
    }
    long first = kernel.frame(layout.directPa(va));
    for (long pfn = first; pfn < first + pages; pfn++) {
      if (kernel.directMap().isPresentNow(pfn)) {
        unflushed.set((int) pfn);
        for (BitSet ofCpu : flushing) {
          ofCpu.clear((int) pfn);
        }
      }
    }
  }

  private boolean isInside(int pfn, long fromVa, long toVa) {
    long va = kernel.directMap().layout().directVa((long) pfn << pageShift());
    return Long.compareUnsigned(va, fromVa) >= 0 && Long.compareUnsigned(va, toVa) < 0;
  }

  private void flushBegins(int cpu, long fromVa, long toVa) {
    for (int pfn = unflushed.nextSetBit(0); pfn >= 0; pfn = unflushed.nextSetBit(pfn + 1)) {
      if (isInside(pfn, fromVa, toVa) && !kernel.directMap().isPresentNow(pfn)) {
        flushing.get(cpu).set(pfn);
      }
    }
  }

  private void flushed(int cpu, long fromVa, long toVa) {
    BitSet mine = flushing.get(cpu);
    for (int pfn = mine.nextSetBit(0); pfn >= 0; pfn = mine.nextSetBit(pfn + 1)) {
      if (isInside(pfn, fromVa, toVa)) {
        mine.clear(pfn);
        unflushed.clear(pfn);
      }
    }
  }

  private void requireFlushed(int cpu, long pfn, long pages, String what) {
    int next = unflushed.nextSetBit((int) pfn);
    while (next >= 0 && next < pfn + pages) {
      if (kernel.directMap().isPresentNow(next)) {
        unflushed.clear(next);
      } else {
        violated(
            cpu,
            "frame %s %s absent from the direct map, which no CPU was told to forget"
                .formatted(hex(next), what));
        return;
      }
      next = unflushed.nextSetBit(next + 1);
    }
  }

  // ---- frames of files

  private boolean isSecret(long pfn) {
    return secrets.entrySet().stream()
        .anyMatch(range -> pfn >= range.getKey() && pfn < range.getKey() + range.getValue());
  }

  @Override
  protected void inspect() {
    secrets.forEach((pfn, pages) -> lookAt(-1, pfn, pages));
  }

  private void lookAt(int cpu, long pfn, long pages) {
    for (long at = pfn; at < pfn + pages; at++) {
      if (kernel.directMap().isPresentNow(at)) {
        violated(cpu, "secret frame " + hex(at) + " is present in the direct map");
        return;
      }
    }
    Machine machine = kernel.machine();
    for (int i = 0; i < machine.cpus(); i++) {
      lookAtCaches(machine.cpu(i), cpu, pfn, pfn + pages);
    }
  }

  private void lookAtCaches(Cpu holder, int cpu, long from, long to) {
    int pageShift = pageShift();
    holder
        .tlb()
        .forEachEntry((array, va, asid, shift, translation) -> {
          boolean isDirect = kernel.directMap().layout().inDirectMap(va);
          if (isDirect && !Translation.isFault(translation)) {
            long first = kernel.frame(Translation.pa(translation, va));
            if (first < to && first + (1L << (shift - pageShift)) > from) {
              violated(
                  cpu,
                  "%s still translates 0x%x of the direct map to secret frame 0x%x"
                      .formatted(holder, va, Math.max(first, from)));
            }
          }
        });
  }

  private int pageShift() {
    return kernel.machine().format().pageShift();
  }
}
