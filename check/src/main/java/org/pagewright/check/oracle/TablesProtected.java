package org.pagewright.check.oracle;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.Access;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Translation;
import org.pagewright.hardware.paging.Walker;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.kpkeys.KeysView;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * No plain write reaches a page table once tables are hardened.
 *
 * <p>Property: a frame that any entry of any root leads to as a table has the tables' key wherever
 * it is mapped, in tables and in translation caches, from before it is linked until it is
 * destructed or given back; at rest every CPU's key register is that of a thread that writes no
 * tables, and a write to the table through the direct map is refused. Sees: tables made, given back
 * and linked, entries, roots, registers, translation caches. Checked: when a table is linked and
 * when one is mapped; at rest all tables of all roots, at every level. Does not check: reads; the
 * contents of tables; kernels that are not hardened.
 */
final class TablesProtected extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MM_CREATED,
          MmEvent.MM_DESTROYED,
          KernelEvent.TABLE_ALLOCATED,
          KernelEvent.TABLE_FREED,
          TableEvent.DESTRUCTED,
          KernelEvent.ENTRY_WRITE);

  /** The key of tables, {@code KPKEYS_PKEY_PGTABLES}. */
  private static final int KEY = 1;

  private final Machine machine;
  private final WatchedKernel kernel;
  private final @Nullable KeysView keys;
  private final PteFormat format;

  /** Level of each frame that was made a table and not given back. */
  private final Map<Long, Integer> levels = new HashMap<>();

  /** Top tables of each address space: the kernel's and the user's. */
  private final Map<Long, long[]> roots = new TreeMap<>();

  TablesProtected(WatchedKernel kernel, List<Violation> violations) {
    super("tables-protected", KINDS, violations);
    this.kernel = kernel;
    this.keys = kernel.keys();
    this.machine = kernel.machine();
    this.format = machine.format();
    if (isOn()) {
      levels.putAll(reachable());
    }
  }

  private boolean isOn() {
    return keys != null && keys.isOn();
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MM_CREATED -> roots.put(a, new long[] {b, c});
      case MmEvent.MM_DESTROYED -> roots.remove(a);
      case KernelEvent.TABLE_ALLOCATED -> levels.put(a, (int) b);
      case KernelEvent.TABLE_FREED -> levels.remove(a);
      case TableEvent.DESTRUCTED -> {
        for (long pfn = a; pfn < a + c; pfn++) {
          levels.remove(pfn);
        }
      }
      case KernelEvent.ENTRY_WRITE -> {
        if (isOn()) {
          written(cpu, a, c);
        }
      }
      default -> {}
    }
  }

  private void written(int cpu, long entryPa, long entry) {
    Integer level = levels.get(kernel.frame(entryPa));
    if (level == null || !format.isPresent(entry, level)) {
      return;
    }
    if (format.isTable(entry, level)) {
      long table = kernel.frame(format.pa(entry, level));
      if (key(table) != KEY) {
        violated(cpu, "frame " + hex(table) + " was linked as a table and has key " + key(table));
      }
    } else if (level == 1 && levels.containsKey(kernel.frame(format.pa(entry, level)))) {
      requireKey(cpu, kernel.frame(format.pa(entry, level)), format.pkey(entry, level), "an entry");
    }
  }

  private void requireKey(int cpu, long table, int key, String where) {
    if (key != KEY) {
      violated(cpu, where + " maps the table in frame " + hex(table) + " with key " + key);
    }
  }

  /** The key of a frame in the direct map. */
  private int key(long pfn) {
    return format.pkey(kernel.directMap().entryNow(pfn), kernel.directMap().levelNow(pfn));
  }

  // ---- at rest ----

  @Override
  protected void inspect() {
    if (!isOn()) {
      return;
    }
    requireRegisters();
    NavigableMap<Long, Integer> tables = reachable();
    Set<Long> mapped = new HashSet<>();
    for (long root : allRoots()) {
      requireLeaves(kernel.frame(root), format.topLevel(), tables, mapped);
    }
    for (long table : tables.keySet()) {
      requireRefused(table);
    }
    for (int i = 0; i < machine.cpus(); i++) {
      requireCaches(machine.cpu(i), tables);
    }
  }

  private void requireRegisters() {
    assert keys != null;
    for (int i = 0; i < machine.cpus(); i++) {
      Cpu cpu = machine.cpu(i);
      boolean isArm64 = format.roots().hasSecond();
      long register = isArm64 ? cpu.registers().porKernel() : cpu.registers().pkrs() & 0xffff_ffffL;
      if (register != keys.initialRegister()) {
        violatedAtRest(
            "%s is at rest with key register 0x%x, not 0x%x"
                .formatted(cpu, register, keys.initialRegister()));
      }
    }
  }

  private void requireRefused(long table) {
    if (key(table) != KEY) {
      violatedAtRest("the table in frame " + hex(table) + " has key " + key(table));
      return;
    }
    long va = kernel.directMap().layout().directVa(table << format.pageShift());
    Cpu cpu = machine.cpu(0);
    long walked = machine.walker().walk(cpu.registers(), va);
    if (walked >= 0 && Walker.check(cpu.registers(), walked, Access.WRITE) >= 0) {
      violatedAtRest("a plain write reaches the table in frame " + hex(table));
    }
  }

  private void requireCaches(Cpu cpu, NavigableMap<Long, Integer> tables) {
    cpu.tlb()
        .forEachEntry((array, va, asid, shift, translation) -> {
          if (Translation.isFault(translation) || Translation.pkey(translation) == KEY) {
            return;
          }
          long first = kernel.frame(Translation.pa(translation, va & -(1L << shift)));
          long end = first + (1L << (shift - format.pageShift()));
          if (!tables.subMap(first, end).isEmpty()) {
            violatedAtRest("%s still translates 0x%x without the key".formatted(cpu, va));
          }
        });
  }

  /** Looks at every leaf that maps a table, wherever it stands. */
  private void requireLeaves(
      long table, int level, NavigableMap<Long, Integer> tables, Set<Long> seen) {
    if (!seen.add(table)) {
      return;
    }
    PhysicalMemory memory = machine.memory();
    for (int i = 0; i < format.level(level).entries(); i++) {
      long entry = memory.read((table << format.pageShift()) + i * 8L);
      if (format.isTable(entry, level)) {
        requireLeaves(kernel.frame(format.pa(entry, level)), level - 1, tables, seen);
      } else if (format.isPresent(entry, level) && format.pkey(entry, level) != KEY) {
        long first = kernel.frame(format.pa(entry, level));
        long end = first + (format.levelBytes(level) >>> format.pageShift());
        for (long pfn : tables.subMap(first, end).keySet()) {
          requireKey(-1, pfn, format.pkey(entry, level), "a leaf of level " + level);
        }
      }
    }
  }

  /** Every frame that a root leads to as a table, with its level. */
  private NavigableMap<Long, Integer> reachable() {
    NavigableMap<Long, Integer> tables = new TreeMap<>();
    for (long root : allRoots()) {
      collect(kernel.frame(root), format.topLevel(), tables);
    }
    return tables;
  }

  private Set<Long> allRoots() {
    Set<Long> all = new HashSet<>();
    all.add(kernel.directMap().rootPa());
    for (int i = 0; i < machine.cpus(); i++) {
      all.add(machine.cpu(i).registers().root());
    }
    for (long[] both : roots.values()) {
      all.add(both[0]);
      if (both[1] >= 0) {
        all.add(both[1]);
      }
    }
    return all;
  }

  private void collect(long table, int level, Map<Long, Integer> tables) {
    if (tables.putIfAbsent(table, level) != null || level == 1) {
      return;
    }
    for (int i = 0; i < format.level(level).entries(); i++) {
      long entry = machine.memory().read((table << format.pageShift()) + i * 8L);
      if (format.isTable(entry, level)) {
        collect(kernel.frame(format.pa(entry, level)), level - 1, tables);
      }
    }
  }
}
