package org.pagewright.check.tables;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.tablelife.TableEvent;
import org.pagewright.kernel.vm.VmEvent;

/**
 * Counters say what there is.
 *
 * <p>Property: an address space counts as many tables of each level as hang in it or are deposited
 * behind its huge leaves ({@code pgtables_bytes}); the pages of all constructed tables are counted
 * ({@code NR_PAGETABLE}); the map count of a page is the number of leaves that map it. Sees: what
 * is counted, tables made, hooked in and on their way out, leaves. Checked: at rest; pages of
 * tables whenever they are counted. Does not check: address spaces for which nothing was counted;
 * tables of mm-local regions.
 */
final class TablesCounted extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          MmEvent.MM_DESTROYED,
          MmEvent.TABLES_COUNTED,
          TableEvent.CONSTRUCTED,
          TableEvent.DESTRUCTED,
          TableEvent.QUEUED,
          TableEvent.PAGES_COUNTED,
          VmEvent.MAPS_COUNTED,
          KernelEvent.FRAMES_ALLOCATED,
          KernelEvent.FRAMES_FREED);

  private static final int LEVELS = 8;

  /** A table of a process. */
  private record Known(int level, long context) {}

  private final HookedTables hooked;

  /** Counts of each process, by level. */
  private final Map<Long, long[]> counted = new TreeMap<>();

  /** Lowest tables that were constructed and are not on their way out, by frame. */
  private final Map<Long, Known> live = new HashMap<>();

  /** Map counts of pages, and orders, by first frame. */
  private final Map<Long, Long> maps = new TreeMap<>();

  private final Map<Long, Integer> orders = new HashMap<>();

  /** Pages of tables that were counted last, -1 before the first. */
  private long tablePages = -1;

  TablesCounted(HookedTables hooked, List<Violation> violations) {
    super("tables-counted", KINDS, violations);
    this.hooked = hooked;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case MmEvent.MM_DESTROYED -> gone(cpu, a);
      case MmEvent.TABLES_COUNTED -> {
        long[] levels = counted.computeIfAbsent(a, context -> new long[LEVELS]);
        levels[(int) b] = c;
      }
      case TableEvent.CONSTRUCTED -> live.put(a, new Known((int) b, c));
      case TableEvent.DESTRUCTED, TableEvent.QUEUED -> live.remove(a);
      case TableEvent.PAGES_COUNTED -> countPages(cpu, (int) b, c);
      case VmEvent.MAPS_COUNTED -> maps.put(a, b);
      case KernelEvent.FRAMES_ALLOCATED -> {
        orders.put(a, (int) b);
        maps.remove(a);
      }
      case KernelEvent.FRAMES_FREED -> maps.remove(a);
      default -> {}
    }
  }

  private void gone(int cpu, long context) {
    long[] levels = counted.remove(context);
    for (int level = 1; levels != null && level < LEVELS; level++) {
      if (levels[level] != 0) {
        violated(
            cpu,
            "context %d is gone and counts %d tables of level %d"
                .formatted(context, levels[level], level));
      }
    }
  }

  private void countPages(int cpu, int order, long now) {
    long pages = order < 0 ? -(1L << ~order) : 1L << order;
    boolean isFirst = tablePages < 0 || now == pages;
    if (!isFirst && tablePages + pages != now) {
      violated(
          cpu,
          "%d pages of tables were counted, then %d more came, and %d are counted"
              .formatted(tablePages, pages, now));
    }
    tablePages = now;
  }

  @Override
  protected void inspect() {
    Map<Long, long[]> there = new HashMap<>();
    counted.keySet().forEach(context -> there.put(context, new long[LEVELS]));
    hooked.forEachTable((pfn, table) -> {
      for (HookedTables.Place place : table.places()) {
        add(there, place.context(), table.level());
      }
    });
    live.forEach((pfn, known) -> {
      if (known.level == 1 && !hooked.isHooked(pfn)) {
        add(there, known.context, 1);
      }
    });
    there.forEach((context, levels) -> compare(context, counted.get(context), levels));
    maps.forEach(this::compareMaps);
  }

  private static void add(Map<Long, long[]> there, long context, int level) {
    long[] levels = there.get(context);
    if (levels != null) {
      levels[level]++;
    }
  }

  private void compare(long context, long @Nullable [] levels, long[] there) {
    for (int level = 1; levels != null && level < LEVELS; level++) {
      if (levels[level] != there[level]) {
        violatedAtRest(
            "context %d counts %d tables of level %d and has %d"
                .formatted(context, levels[level], level, there[level]));
      }
    }
  }

  private void compareMaps(long head, long count) {
    int order = orders.getOrDefault(head, 0);
    long there = hooked.mapsWithin(head, 1L << order);
    if (there != count) {
      violatedAtRest(
          "the page in frame 0x%x counts %d maps and has %d".formatted(head, count, there));
    }
  }
}
