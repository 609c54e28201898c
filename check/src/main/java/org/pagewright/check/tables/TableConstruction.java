package org.pagewright.check.tables;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * Every table is constructed before it is hooked in and destructed once before its page goes, and
 * has a lock of its own exactly where walkers take one.
 *
 * <p>Property: an entry points to a table from the page allocator only while that is constructed;
 * no table is constructed twice or destructed raw; no page is given back while it is a constructed
 * table or holds parts that are; tables below a table of the kernel are the kernel's, without
 * locks, and below one of a process they are the process's. At rest every table is counted. Sees:
 * lives of tables, entries written, requests and frees. Checked: at each of them. Does not check:
 * tables that boot made; top tables.
 */
final class TableConstruction extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAMES_FREED,
          KernelEvent.TABLE_ALLOCATED,
          KernelEvent.TABLE_FREED,
          MmEvent.MM_CREATED,
          KernelEvent.ENTRY_WRITE,
          TableEvent.CONSTRUCTED,
          TableEvent.LOCK_MADE,
          TableEvent.DESTRUCTED,
          TableEvent.DESTRUCTED_RAW,
          TableEvent.CONSTRUCTED_OVER,
          TableEvent.PART_TAKEN,
          TableEvent.PART_GIVEN);

  private static final long KERNEL_CONTEXT = 1;

  private final PteFormat format;

  /** Frames that the page allocator handed out since this watches. */
  private final Set<Long> handedOut = new HashSet<>();

  /** Levels of live tables by frame. */
  private final Map<Long, Integer> levels = new HashMap<>();

  /** Contexts of constructed tables by frame, and which of them have a lock. */
  private final Map<Long, Long> contexts = new HashMap<>();

  private final Set<Long> locked = new HashSet<>();

  /** Tables that hang below the kernel's, whatever their constructor was told. */
  private final Set<Long> belowKernel = new HashSet<>();

  /** Frames of the top tables of processes. */
  private final Set<Long> rootsOfProcesses = new HashSet<>();

  /** Bytes of each part of a page that is a table, by address. */
  private final Map<Long, Long> parts = new HashMap<>();

  TableConstruction(WatchedKernel kernel, List<Violation> violations) {
    super("table-construction", KINDS, violations);
    this.format = kernel.machine().format();
    collect(kernel, kernel.frame(kernel.directMap().rootPa()), format.topLevel());
  }

  /** Levels of the kernel's tables: some leaves look like tables of the next level. */
  private void collect(WatchedKernel kernel, long table, int level) {
    if (levels.putIfAbsent(table, level) != null) {
      return;
    }
    belowKernel.add(table);
    for (int i = 0; level > 1 && i < format.level(level).entries(); i++) {
      long entry = kernel.machine().memory().read((table << format.pageShift()) + i * 8L);
      if (format.isTable(entry, level)) {
        collect(kernel, kernel.frame(format.pa(entry, level)), level - 1);
      }
    }
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.FRAMES_ALLOCATED -> handedOut.add(a);
      case KernelEvent.FRAMES_FREED -> freed(cpu, a, 1L << b);
      case KernelEvent.TABLE_ALLOCATED -> levels.put(a, (int) b);
      case KernelEvent.TABLE_FREED -> {
        levels.remove(a);
        belowKernel.remove(a);
      }
      case MmEvent.MM_CREATED -> {
        rootsOfProcesses.add(b >>> format.pageShift());
        rootsOfProcesses.add(c >>> format.pageShift());
      }
      case KernelEvent.ENTRY_WRITE -> written(cpu, a, c);
      case TableEvent.CONSTRUCTED -> contexts.put(a, c);
      case TableEvent.LOCK_MADE -> locked.add(a);
      case TableEvent.DESTRUCTED -> {
        contexts.remove(a);
        locked.remove(a);
      }
      case TableEvent.DESTRUCTED_RAW ->
          violated(cpu, "frame " + hex(a) + " was destructed and is no constructed table");
      case TableEvent.CONSTRUCTED_OVER ->
          violated(cpu, "frame " + hex(a) + " was constructed and is a table already");
      case TableEvent.PART_TAKEN -> parts.put(a, c);
      case TableEvent.PART_GIVEN -> parts.remove(a);
      default -> {}
    }
  }

  private void freed(int cpu, long pfn, long pages) {
    handedOut.remove(pfn);
    if (contexts.containsKey(pfn)) {
      violated(cpu, "frame " + hex(pfn) + " was given back and its table not destructed");
      contexts.remove(pfn);
      locked.remove(pfn);
    }
    long from = pfn << format.pageShift();
    long to = (pfn + pages) << format.pageShift();
    long inUse = parts.keySet().stream().filter(pa -> pa >= from && pa < to).count();
    if (inUse > 0) {
      violated(
          cpu, "frame " + hex(pfn) + " was given back while " + inUse + " tables in it are in use");
      parts.keySet().removeIf(pa -> pa >= from && pa < to);
    }
  }

  /** Looks whether the entry points to a table: its level is known if its own table's is. */
  private void written(int cpu, long entryPa, long entry) {
    long parent = entryPa >>> format.pageShift();
    Integer known = levels.get(parent);
    int lowest = known == null ? 2 : known;
    int highest = known == null ? format.topLevel() : known;
    for (int level = Math.max(2, lowest); level <= highest; level++) {
      if (!format.isTable(entry, level)) {
        continue;
      }
      long child = format.pa(entry, level) >>> format.pageShift();
      Integer childLevel = levels.get(child);
      if (childLevel != null && childLevel == level - 1 && handedOut.contains(child)) {
        installed(cpu, parent, known != null, child);
        return;
      }
    }
  }

  private void installed(int cpu, long parent, boolean isKnown, long child) {
    Long context = contexts.get(child);
    if (context == null) {
      violated(cpu, "the table in frame " + hex(child) + " was hooked in and never constructed");
      return;
    }
    Long above = isKnown ? contexts.get(parent) : null;
    if (isKernelTable(parent, isKnown, above)) {
      belowKernel.add(child);
      if (context <= KERNEL_CONTEXT && locked.contains(child)) {
        violated(
            cpu, "the kernel's table in frame " + hex(child) + " has a lock that nobody takes");
      }
    }
    if (isProcess(above) && context == KERNEL_CONTEXT) {
      violated(
          cpu,
          "the table in frame 0x%x is of context %d, whose walkers take a lock that it has not"
              .formatted(child, above));
    }
  }

  private boolean isKernelTable(long parent, boolean isKnown, @Nullable Long context) {
    if (!isKnown) {
      return !rootsOfProcesses.contains(parent);
    }
    return belowKernel.contains(parent) || (context != null && context == KERNEL_CONTEXT);
  }

  private static boolean isProcess(@Nullable Long context) {
    return context != null && context > KERNEL_CONTEXT;
  }

  @Override
  protected void inspect() {
    levels.forEach((pfn, level) -> {
      boolean isTop = level == format.topLevel();
      if (!isTop && handedOut.contains(pfn) && !contexts.containsKey(pfn)) {
        violatedAtRest("the table in frame " + hex(pfn) + " of level " + level + " is not counted");
      }
    });
  }
}
