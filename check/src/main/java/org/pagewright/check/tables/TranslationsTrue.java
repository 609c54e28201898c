package org.pagewright.check.tables;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.UserRange;

/**
 * What a CPU remembers of user addresses is what the tables say, once whoever changed them is done.
 *
 * <p>Property: when a CPU that took something away under {@code mmap_lock} lets that lock go, no
 * CPU that runs the process translates those addresses to another frame, or with more rights, than
 * the tables do, or would begin a walk in a table that hangs there no more; the same is true of all
 * user addresses at rest, and, of what nobody is about to flush, when a CPU loads a root and keeps
 * what it remembers under its number. Sees: entries of tables that hang in a top table, locks,
 * roots loaded, translation caches. Checked: at each release, load and at rest. Does not check: at
 * rest, a run in which any property was broken before; leaves on CPUs that keep the address space
 * lazily, which look at its generation before they use them; CPUs with interrupts off, until they
 * load a root or rest.
 */
final class TranslationsTrue extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MM_CREATED,
          MmEvent.MM_DESTROYED,
          KernelEvent.ENTRY_WRITE,
          KernelEvent.FLUSH_MM,
          KernelEvent.FLUSHED_MM,
          HardwareEvent.LOCK_RELEASE,
          HardwareEvent.ROOT_LOAD);

  private static final int GRANTS =
      Rights.USER_READ | Rights.USER_WRITE | Rights.USER_EXECUTE | Rights.KERNEL_WRITE;
  private static final String AREAS_LOCK = "mmap_lock";
  private static final long CONTEXT_MASK = (1L << 28) - 1;

  /** Addresses {@code [from, to)} of a process at which an entry allows less than before. */
  private record Less(long context, long from, long to) {
    boolean meets(long other, long otherTo) {
      return other < to && from < otherTo;
    }

    boolean holds(long va) {
      return va >= from && va < to;
    }
  }

  private final List<Violation> violations;
  private final Machine machine;
  private final PteFormat format;
  private final HookedTables hooked;
  private final long userEnd;

  /** What each CPU took away and may not have flushed yet. */
  private final List<List<Less>> pending = new ArrayList<>();

  /** The flush of a process that each CPU is in the middle of. */
  private final Less[] flushes;

  /** Top tables of processes, the user's own ones too. */
  private final Map<Long, Long> contexts = new HashMap<>();

  TranslationsTrue(WatchedKernel kernel, HookedTables hooked, List<Violation> violations) {
    super("translations-true", KINDS, violations);
    this.violations = violations;
    this.machine = kernel.machine();
    this.format = machine.format();
    this.hooked = hooked;
    this.userEnd = UserRange.end(format);
    this.flushes = new Less[machine.cpus()];
    for (int i = 0; i < machine.cpus(); i++) {
      pending.add(new ArrayList<>());
      flushes[i] = new Less(0, 0, 0);
    }
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MM_CREATED -> {
        contexts.put(b, a);
        contexts.put(c, a);
      }
      case MmEvent.MM_DESTROYED -> {
        contexts.values().removeIf(context -> context == a);
        pending.forEach(list -> list.removeIf(less -> less.context == a));
      }
      case KernelEvent.ENTRY_WRITE -> written(cpu, a, b, c);
      case KernelEvent.FLUSH_MM -> flushes[cpu] = new Less(a, b, c == -1L ? Long.MAX_VALUE : c);
      case KernelEvent.FLUSHED_MM -> flushed(cpu);
      case HardwareEvent.LOCK_RELEASE -> {
        if (machine.lockClassName(a).equals(AREAS_LOCK)) {
          settle(cpu, b & CONTEXT_MASK);
        }
      }
      case HardwareEvent.ROOT_LOAD -> {
        if (c != 0) {
          kept(cpu);
        }
      }
      default -> {}
    }
  }

  // ---- what was taken away

  private void written(int cpu, long entryPa, long old, long entry) {
    HookedTables.Table table = hooked.at(entryPa);
    if (table == null || !hooked.isUserEntry(table, entryPa)) {
      return;
    }
    boolean isLess = takesAway(old, entry, table.level());
    for (HookedTables.Place place : table.places()) {
      long va = hooked.va(table, place, entryPa);
      Less less = new Less(place.context(), va, va + format.levelBytes(table.level()));
      for (int i = 0; i < pending.size(); i++) {
        if (i != cpu && !pending.get(i).isEmpty()) {
          pending
              .get(i)
              .removeIf(other -> other.context == less.context && other.meets(less.from, less.to));
        }
      }
      if (isLess) {
        add(pending.get(cpu), less);
      }
    }
  }

  /** Neighbours are one range: whoever unmaps goes from entry to entry. */
  private static void add(List<Less> list, Less less) {
    Less last = list.isEmpty() ? less : list.getLast();
    if (last.context == less.context && last.to == less.from) {
      list.set(list.size() - 1, new Less(less.context, last.from, less.to));
    } else {
      list.add(less);
    }
  }

  private boolean takesAway(long old, long entry, int level) {
    if (format.isTable(old, level)) {
      return !format.isTable(entry, level) || format.pa(old, level) != format.pa(entry, level);
    }
    if (!format.isPresent(old, level)) {
      return false;
    }
    return format.isTable(entry, level)
        || !format.isPresent(entry, level)
        || hooked.pfn(old, level) != hooked.pfn(entry, level)
        || (format.rights(old, level) & ~format.rights(entry, level) & GRANTS) != 0;
  }

  /** A flush is over; what it covered is nobody's debt any more. */
  private void flushed(int cpu) {
    Less flush = flushes[cpu];
    pending
        .get(cpu)
        .removeIf(less ->
            less.context == flush.context && less.from >= flush.from && less.to <= flush.to);
  }

  // ---- who may still remember

  /** Whoever held the areas of a process lets go of them. */
  private void settle(int cpu, long context) {
    List<Less> mine = pending.get(cpu);
    for (int i = 0; i < machine.cpus() && !mine.isEmpty(); i++) {
      Cpu holder = machine.cpu(i);
      Long loaded = contexts.get(holder.registers().root() & format.rootMask());
      boolean isSettled = i == cpu || holder.interruptsEnabled();
      if (loaded != null && loaded == context && isSettled) {
        compare(holder, va -> mine.stream().anyMatch(l -> l.context == context && l.holds(va)));
      }
    }
    mine.removeIf(less -> less.context == context);
  }

  /** A CPU loaded a root and believes what it remembers under its number. */
  private void kept(int cpu) {
    Cpu holder = machine.cpu(cpu);
    Long context = contexts.get(holder.registers().root() & format.rootMask());
    if (context != null) {
      compare(holder, va -> !isPending(context, va));
    }
  }

  private boolean isPending(long context, long va) {
    for (List<Less> list : pending) {
      for (Less less : list) {
        if (less.context == context && less.holds(va)) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  protected void inspect() {
    if (!violations.isEmpty()) {
      return;
    }
    for (int i = 0; i < machine.cpus(); i++) {
      Cpu holder = machine.cpu(i);
      if (contexts.containsKey(holder.registers().root() & format.rootMask())) {
        compare(holder, va -> true);
      }
    }
  }

  private void compare(Cpu holder, LongPredicate counts) {
    int loaded = holder.registers().asid();
    if (!holder.isAwayFromUser()) {
      holder
          .tlb()
          .forEachEntry((array, va, asid, shift, translation) -> {
            boolean isUsable = asid == loaded && isUser(va) && !Translation.isFault(translation);
            if (isUsable && counts.test(va)) {
              compareEntry(holder, va, translation);
            }
          });
    }
    holder
        .tlb()
        .forEachStructure((level, va, shift, asid, tablePa) -> {
          if (asid == loaded && isUser(va) && counts.test(va)) {
            compareWalk(holder, level, va, tablePa);
          }
        });
  }

  private boolean isUser(long va) {
    return Long.compareUnsigned(va, userEnd) < 0;
  }

  private void compareEntry(Cpu holder, long va, long translation) {
    long walked = machine.walker().walk(holder.registers(), va);
    if (!Translation.allows(walked, translation, va, GRANTS)) {
      violated(holder.id(), "%s still translates 0x%x as it was".formatted(holder, va));
    }
  }

  /** Whether the tables still lead to where a walk would begin. */
  private void compareWalk(Cpu holder, int level, long va, long tablePa) {
    long at = holder.registers().root() & format.rootMask();
    for (int upper = format.topLevel(); upper > level; upper--) {
      long entry = format.fromMemory(machine.memory().read(format.entryPa(at, va, upper)));
      at = format.isTable(entry, upper) ? format.pa(entry, upper) : -1;
      if (at < 0) {
        break;
      }
    }
    if (at != tablePa) {
      violated(
          holder.id(),
          "%s would begin to walk for 0x%x in the table at 0x%x, which is not there any more"
              .formatted(holder, va, tablePa));
    }
  }
}
