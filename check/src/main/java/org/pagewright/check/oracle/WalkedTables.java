package org.pagewright.check.oracle;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.mm.MmEvent;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * A walker without locks reads tables only.
 *
 * <p>Property: the page in which such a walker has just read an entry has not been given back since
 * it became a table. Sees: tables made and given back, what walkers look at. Checked: at each entry
 * that a walker reads. Does not check: whether the walker uses what it read; tables that are a
 * process's no more but wait to be freed, which walkers may read.
 */
final class WalkedTables extends Oracle {
  private static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(
          KernelEvent.TABLE_ALLOCATED,
          KernelEvent.TABLE_FREED,
          MmEvent.MM_CREATED,
          TableEvent.FOUND);

  private final Set<Long> freed = new HashSet<>();

  private final WatchedKernel kernel;

  WalkedTables(WatchedKernel kernel, List<Violation> violations) {
    super("walked-tables", KINDS, violations);
    this.kernel = kernel;
  }

  @Override
  public void event(int kind, int cpu, long a, long b, long c) {
    switch (kind) {
      case KernelEvent.TABLE_ALLOCATED -> freed.remove(a);
      case KernelEvent.TABLE_FREED -> freed.add(a);
      case MmEvent.MM_CREATED -> freed.remove(kernel.frame(b));
      case TableEvent.FOUND -> {
        if (freed.contains(a)) {
          violated(
              cpu,
              "a walker read an entry of level %d in frame 0x%x, a table that was given back"
                  .formatted(b, a));
        }
      }
      default -> {}
    }
  }
}
