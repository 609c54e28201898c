package org.pagewright.check.oracle;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.mm.MmEvent;

/**
 * The kernel does not get at secret memory.
 *
 * <p>Property: from when a frame joins a secret file until it is given back, neither the tables nor
 * any CPU's translation cache lead from an address of the direct map to it, and nobody takes a
 * reference on it to use it there. Sees: the files' events, references taken through user
 * addresses, the tables, translation caches. Checked: when a frame joins or is referenced, and at
 * rest. Does not check: what a CPU reads through other addresses; copies of the contents elsewhere.
 */
final class SecretsUnreachable extends Oracle {
  private final WatchedKernel kernel;

  /** Pages from each first frame on that are secret. */
  private final Map<Long, Long> secrets = new TreeMap<>();

  SecretsUnreachable(WatchedKernel kernel, List<Violation> violations) {
    super("secrets-unreachable", violations);
    this.kernel = kernel;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind == MmEvent.SECRET_ADDED) {
      secrets.put(a, b);
      lookAt(cpu, a, b);
    } else if (kind == MmEvent.SECRET_REMOVED || kind == MmEvent.SECRET_LEAKED) {
      secrets.remove(a);
    } else if (kind == MmEvent.FRAME_PINNED && isSecret(a)) {
      violated(cpu, "a reference was taken on secret frame " + hex(a));
    }
  }

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
    int pageShift = kernel.machine().format().pageShift();
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
}
