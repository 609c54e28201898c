package org.pagewright.check.oracle;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.vm.VmEvent;

/**
 * User mode can do with an address what its process was told it may do there, and nothing else.
 *
 * <p>Property: when a system call that takes something away has returned, no CPU that runs the
 * process holds a translation of the range that allows more than the process's areas; and no access
 * of user mode succeeds that they do not allow. Sees: ranges as system calls leave them,
 * translation caches, accesses. Checked: when a range has changed, and at each access. Does not
 * check: which frame a translation leads to; CPUs that keep the address space lazily, or have
 * interrupts off and may be about to flush; a process for which nobody keeps areas.
 */
final class UserTranslations extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MM_CREATED,
          MmEvent.MM_EXIT,
          KernelEvent.SWITCH_MM,
          VmEvent.RANGE_CHANGED,
          HardwareEvent.ACCESS);

  private static final long FLAGS = 7;

  /** A range that begins at its key. */
  private record Range(long to, int access) {}

  /** What one process may do where. */
  private static final class Ranges {
    private final long rootPa;
    private final TreeMap<Long, Range> sorted = new TreeMap<>();
    private boolean isKept;

    Ranges(long rootPa) {
      this.rootPa = rootPa;
    }

    void set(long from, long to, int access) {
      isKept = true;
      carve(from);
      carve(to);
      sorted.subMap(from, to).clear();
      if (access != 0) {
        sorted.put(from, new Range(to, access));
      }
    }

    private void carve(long va) {
      Map.Entry<Long, Range> below = sorted.lowerEntry(va);
      if (below != null && below.getValue().to > va) {
        sorted.put(va, below.getValue());
        sorted.put(below.getKey(), new Range(va, below.getValue().access));
      }
    }

    int access(long va) {
      Map.Entry<Long, Range> at = sorted.floorEntry(va);
      return at != null && at.getValue().to > va ? at.getValue().access : 0;
    }
  }

  private final Machine machine;
  private final Map<Long, Ranges> spaces = new HashMap<>();
  private final long[] loaded;

  UserTranslations(WatchedKernel kernel, List<Violation> violations) {
    super("user-translations", KINDS, violations);
    this.machine = kernel.machine();
    this.loaded = new long[machine.cpus()];
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MM_CREATED -> spaces.put(a, new Ranges(b));
      case MmEvent.MM_EXIT -> spaces.remove(a);
      case KernelEvent.SWITCH_MM -> loaded[cpu] = b;
      case VmEvent.RANGE_CHANGED -> changed(cpu, a, b, c & ~FLAGS, (int) (c & FLAGS));
      case HardwareEvent.ACCESS -> accessed(cpu, a, (int) c);
      default -> {}
    }
  }

  private void accessed(int cpu, long va, int access) {
    Ranges ranges = spaces.get(loaded[cpu]);
    if (ranges != null && ranges.isKept && Access.isUser(access)) {
      int kinds = access & (Access.READ | Access.WRITE | Access.EXECUTE);
      if ((ranges.access(va) & kinds) != kinds) {
        violated(
            cpu,
            "%s succeeded at 0x%x, where the process may not"
                .formatted(Access.describe(access), va));
      }
    }
  }

  private void changed(int cpu, long context, long from, long to, int access) {
    Ranges ranges = spaces.get(context);
    if (ranges == null) {
      return;
    }
    ranges.set(from, to, access);
    for (int i = 0; i < machine.cpus(); i++) {
      Cpu holder = machine.cpu(i);
      boolean runsIt = (holder.registers().root() & machine.format().rootMask()) == ranges.rootPa;
      boolean isSettled = i == cpu || holder.interruptsEnabled();
      if (runsIt && isSettled && !holder.isAwayFromUser()) {
        compare(cpu, holder, ranges, from, to);
      }
    }
  }

  private void compare(int cpu, Cpu holder, Ranges ranges, long from, long to) {
    int asid = holder.registers().asid();
    holder
        .tlb()
        .forEachEntry((array, va, entryAsid, shift, translation) -> {
          long first = Math.max(from, va);
          long end = Math.min(to, va + (1L << shift));
          if (entryAsid == asid && !Translation.isFault(translation) && va >= 0 && first < end) {
            int more = granted(translation) & ~ranges.access(first);
            if (more != 0) {
              violated(
                  cpu,
                  "%s still allows user mode to %s at 0x%x"
                      .formatted(holder, Access.describe(more | Access.USER).substring(5), first));
            }
          }
        });
  }

  /** What a translation allows user mode, as bits of {@link Access}. */
  private static int granted(long translation) {
    int rights = Translation.rights(translation);
    return ((rights & Rights.USER_READ) != 0 ? Access.READ : 0)
        | ((rights & Rights.USER_WRITE) != 0 ? Access.WRITE : 0)
        | ((rights & Rights.USER_EXECUTE) != 0 ? Access.EXECUTE : 0);
  }
}
