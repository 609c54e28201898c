package org.pagewright.check.tables;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.HardwareEvent;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.mm.MmTables;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * Who changes an entry holds the lock that guards it.
 *
 * <p>Property: an entry of a process's table that hangs in its top table is written only by a CPU
 * that holds the lock of that table, or of the address space where the table has none; but whoever
 * has the address space's areas for itself may take empty tables out without, and so may whoever
 * takes apart one that has ended and that no CPU has loaded. Leaves and tables of the direct map
 * replace each other only under a lock, unless no other CPU is there. Sees: locks taken and
 * released, entries written, tables hooked in. Checked: at each write, split and merge. Does not
 * check: processes whose user tables nobody counts; tables that hang nowhere yet, or no more;
 * single kernel entries, which Linux writes without a lock where addresses belong to one caller
 * (vmalloc, set_memory_valid()); which of a kernel's locks it is.
 */
final class TablesLocked extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          HardwareEvent.LOCK_ACQUIRE,
          HardwareEvent.LOCK_RELEASE,
          MmEvent.TABLES_COUNTED,
          MmEvent.MM_EXIT,
          TableEvent.LOCK_MADE,
          TableEvent.DESTRUCTED,
          KernelEvent.ENTRY_WRITE,
          KernelEvent.DIRECT_MAP_SPLIT,
          KernelEvent.DIRECT_MAP_COLLAPSE);

  private static final String TABLE_LOCK = "ptdesc.ptl";
  private static final String SPACE_LOCK = "mm.page_table_lock";
  private static final String AREAS_LOCK = "mmap_lock";
  private static final String TOP_LOCK = "pgd_lock";

  /** arm64's, and the one that stands for riscv's {@code init_mm.mmap_lock}. */
  private static final Set<String> KERNEL_LOCKS = Set.of("pgtable_split_lock", "cpa_lock");

  /** Low bits of the identity of a process's locks. */
  private static final long CONTEXT_MASK = (1L << 28) - 1;

  /** A lock that a CPU holds. */
  private record Held(String name, long identity, boolean isShared) {}

  private final Machine machine;
  private final PteFormat format;
  private final HookedTables hooked;
  private final List<List<Held>> held = new ArrayList<>();

  /** Frames of tables with a lock of their own. */
  private final Set<Long> locked = new HashSet<>();

  /** Processes whose user tables are made, locked and counted as Linux does. */
  private final Set<Long> kept = new HashSet<>();

  /** Processes that have ended, whose last tables may still hang. */
  private final Set<Long> ended = new HashSet<>();

  TablesLocked(WatchedKernel kernel, HookedTables hooked, List<Violation> violations) {
    super("tables-locked", KINDS, violations);
    this.machine = kernel.machine();
    this.format = machine.format();
    this.hooked = hooked;
    for (int i = 0; i < machine.cpus(); i++) {
      held.add(new ArrayList<>());
    }
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case HardwareEvent.LOCK_ACQUIRE ->
          held.get(cpu).add(new Held(machine.lockClassName(a), b, c != 0));
      case HardwareEvent.LOCK_RELEASE -> released(cpu, machine.lockClassName(a), b);
      case MmEvent.TABLES_COUNTED -> kept.add(a);
      case MmEvent.MM_EXIT -> ended.add(a);
      case TableEvent.LOCK_MADE -> locked.add(a);
      case TableEvent.DESTRUCTED -> locked.remove(a);
      case KernelEvent.ENTRY_WRITE -> written(cpu, a, b, c);
      case KernelEvent.DIRECT_MAP_SPLIT, KernelEvent.DIRECT_MAP_COLLAPSE -> replaced(cpu, a);
      default -> {}
    }
  }

  private void released(int cpu, String name, long identity) {
    List<Held> locks = held.get(cpu);
    for (int i = locks.size() - 1; i >= 0; i--) {
      if (locks.get(i).identity == identity && locks.get(i).name.equals(name)) {
        locks.remove(i);
        return;
      }
    }
  }

  private void written(int cpu, long entryPa, long old, long entry) {
    HookedTables.Table table = hooked.at(entryPa);
    if (table == null
        || !hooked.isUserEntry(table, entryPa)
        || !kept.contains(table.places().getFirst().context())) {
      return;
    }
    long pfn = entryPa >>> format.pageShift();
    boolean takesOut = format.isTable(old, table.level()) && entry == format.empty(table.level());
    for (HookedTables.Place place : table.places()) {
      boolean isGuarded =
          locked.contains(pfn)
              ? holds(cpu, TABLE_LOCK, pfn)
              : holds(cpu, SPACE_LOCK, MmTables.lockIdentity(place.context()));
      if (isGuarded || (takesOut && isAlone(cpu, place.context()))) {
        return;
      }
    }
    violated(
        cpu,
        "the entry of level %d at 0x%x of context %d was written without the lock of its table"
            .formatted(table.level(), entryPa, table.places().getFirst().context()));
  }

  private boolean holds(int cpu, String name, long identity) {
    for (Held lock : held.get(cpu)) {
      if (lock.identity == identity && lock.name.equals(name)) {
        return true;
      }
    }
    return false;
  }

  private boolean isAlone(int cpu, long context) {
    return hasAreas(cpu, context) || (ended.contains(context) && !isLoaded(context));
  }

  private boolean isLoaded(long context) {
    long rootPa = hooked.rootPa(context);
    for (int i = 0; i < machine.cpus(); i++) {
      if ((machine.cpu(i).registers().root() & format.rootMask()) == rootPa) {
        return true;
      }
    }
    return false;
  }

  /** Whether it has the areas of a process for itself. */
  private boolean hasAreas(int cpu, long context) {
    for (Held lock : held.get(cpu)) {
      boolean isIt = lock.name.equals(AREAS_LOCK) && (lock.identity & CONTEXT_MASK) == context;
      if (isIt && !lock.isShared) {
        return true;
      }
    }
    return false;
  }

  private void replaced(int cpu, long va) {
    Set<String> locks = format.architecture() == Architecture.X86 ? Set.of(TOP_LOCK) : KERNEL_LOCKS;
    boolean isGuarded = held.get(cpu).stream().anyMatch(lock -> locks.contains(lock.name));
    boolean isAlone = true;
    for (int i = 0; i < machine.cpus(); i++) {
      isAlone &= i == cpu || !machine.cpu(i).isOnline();
    }
    if (!isGuarded && !isAlone) {
      violated(cpu, "the leaf at " + hex(va) + " was split or merged without a lock");
    }
  }
}
