package org.pagewright.check.mmlocal;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.Task;

/**
 * An ephemeral mapping leads to the frames that it is for, and to nothing once it has ended.
 *
 * <p>Property: from when it is made until it ends, the tables lead from each page of a mapping to
 * its frame, for the kernel only, with no more rights than were asked for, and without the Global
 * mark, which would outlive a switch of address spaces; once it has ended they lead from there
 * nowhere. Sees: mappings made and ended, the tables. Checked: when a mapping is made or ends, and
 * those of a CPU whenever it begins or ends a call. Does not check: mappings of an address space
 * that the current task does not have, or that has no table there yet; translations that live on
 * until addresses are used again.
 */
final class MermapMappings extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MERMAP_CALL, MmEvent.MERMAP_GET, MmEvent.MERMAP_PUT, MmEvent.MM_EXIT);

  private static final long NOBODY = -1;

  /** Frames that are mapped from an address of an address space on. */
  private record Mapping(int cpu, long context, long va, long pfn, long pages, int rights) {}

  /** What a mapping may do only if it was asked for. */
  private static final int MORE = Rights.KERNEL_WRITE | Rights.KERNEL_EXECUTE;

  private final Machine machine;

  /** The address space that each CPU maps in. */
  private final long[] contexts;

  /** What each CPU asked for last. */
  private final int[] asked;

  private final Map<String, Mapping> live = new TreeMap<>();

  MermapMappings(WatchedKernel kernel, List<Violation> violations) {
    super("mermap-mappings", KINDS, violations);
    this.machine = kernel.machine();
    this.contexts = new long[machine.cpus()];
    this.asked = new int[contexts.length];
    Arrays.fill(contexts, NOBODY);
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MERMAP_CALL -> {
        contexts[cpu] = a;
        asked[cpu] = b == 1 ? (int) c : asked[cpu];
        requireOwn(cpu);
      }
      case MmEvent.MERMAP_GET -> {
        Mapping made = new Mapping(cpu, contexts[cpu], a, b, c, asked[cpu]);
        if (made.context == current(cpu)) {
          live.put(key(made.context, a), made);
          require(cpu, made);
        }
      }
      case MmEvent.MERMAP_PUT -> {
        live.remove(key(contexts[cpu], a));
        if (contexts[cpu] == current(cpu)) {
          requireNothing(cpu, a, c);
        }
      }
      case MmEvent.MM_EXIT -> live.values().removeIf(mapping -> mapping.context == a);
      default -> {}
    }
  }

  /** Another CPU may be about to end one of its own; this one is at the edge of a call. */
  private void requireOwn(int cpu) {
    if (contexts[cpu] == current(cpu)) {
      live.values().stream()
          .filter(one -> one.cpu == cpu && one.context == contexts[cpu])
          .forEach(one -> require(cpu, one));
    }
  }

  private static String key(long context, long va) {
    return context + " " + Long.toHexString(va);
  }

  private long current(int cpu) {
    Mm mm = Task.currentMm(machine.cpu(cpu));
    return mm == null ? NOBODY : mm.contextId();
  }

  private long walk(int cpu, long va) {
    return machine.walker().walk(machine.cpu(cpu).registers(), va);
  }

  private void require(int cpu, Mapping mapping) {
    for (long i = 0; i < mapping.pages; i++) {
      long va = mapping.va + i * machine.format().pageBytes();
      String wrong = wrong(walk(cpu, va), va, mapping.pfn + i, mapping.rights);
      if (wrong != null) {
        violated(cpu, "the mapping at 0x%x %s".formatted(va, wrong));
        return;
      }
    }
  }

  private @Nullable String wrong(long walked, long va, long pfn, int asked) {
    if (Translation.isFault(walked)) {
      return Translation.faultLevel(walked) == 1 ? "is not in the tables" : null;
    }
    long found = Translation.pa(walked, va) >>> machine.format().pageShift();
    if (found != pfn) {
      return "leads to frame 0x%x, not 0x%x".formatted(found, pfn);
    }
    int rights = Translation.rights(walked);
    if ((rights & Rights.USER) != 0) {
      return "is open to user mode";
    }
    if ((rights & MORE & ~asked) != 0) {
      return "may be used for more than was asked for";
    }
    return (rights & Rights.GLOBAL) != 0 ? "is global" : null;
  }

  private void requireNothing(int cpu, long va, long pages) {
    for (long i = 0; i < pages; i++) {
      long at = va + i * machine.format().pageBytes();
      if (!Translation.isFault(walk(cpu, at))) {
        violated(cpu, "the tables still map 0x%x, whose mapping has ended".formatted(at));
        return;
      }
    }
  }
}
