package org.pagewright.check.tables;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.arch.KernelEvent;

/**
 * Nobody's page or table disappears under another one.
 *
 * <p>Property: an entry that maps something for user mode is emptied, or made invisible to
 * hardware, before it maps something else: otherwise two callers have installed what only one may,
 * and the first one's page or table is lost, or, on hardware that must not meet two translations,
 * break-before-make is broken. Sees: entries of tables that hang in a top table. Checked: at each
 * write. Does not check: changes of rights only; kernel mappings.
 */
final class EntriesKept extends Oracle {
  private static final EventLog.Kinds KINDS = EventLog.Kinds.of(KernelEvent.ENTRY_WRITE);

  private final PteFormat format;
  private final HookedTables hooked;

  EntriesKept(WatchedKernel kernel, HookedTables hooked, List<Violation> violations) {
    super("entries-kept", KINDS, violations);
    this.format = kernel.machine().format();
    this.hooked = hooked;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    if (kind != KernelEvent.ENTRY_WRITE) {
      return;
    }
    HookedTables.Table table = hooked.at(a);
    if (table != null && hooked.isUserEntry(table, a)) {
      compare(cpu, a, table.level(), b, c);
    }
  }

  private void compare(int cpu, long entryPa, int level, long old, long entry) {
    boolean isReplaced = isLive(old, level) && isLive(entry, level);
    if (isReplaced && target(old, level) != target(entry, level)) {
      violated(
          cpu,
          "entry 0x%x of level %d led to 0x%x and was made to lead to 0x%x at once"
              .formatted(entryPa, level, target(old, level), target(entry, level)));
    }
  }

  /** Whether hardware follows the entry. */
  private boolean isLive(long entry, int level) {
    return format.isTable(entry, level) || format.isPresent(entry, level);
  }

  private long target(long entry, int level) {
    return format.isTable(entry, level)
        ? format.pa(entry, level)
        : hooked.pfn(entry, level) << format.pageShift();
  }
}
