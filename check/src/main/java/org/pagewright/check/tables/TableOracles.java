package org.pagewright.check.tables;

import java.util.List;
import org.pagewright.check.oracle.Oracle;
import org.pagewright.check.oracle.Violation;
import org.pagewright.check.oracle.WatchedKernel;

/** All oracles of the lives of page tables. */
public final class TableOracles {
  private TableOracles() {}

  /**
   * Those of one kernel, with what is hooked in there, which hears of each event first; no
   * operation may be in progress.
   */
  public static List<Oracle> of(
      WatchedKernel kernel, HookedTables hooked, List<Violation> violations) {
    return List.of(
        new TableConstruction(kernel, violations),
        new EmptiedTables(kernel, violations),
        new CleanPages(kernel, violations),
        new TablesLocked(kernel, hooked, violations),
        new EntriesKept(kernel, hooked, violations),
        new MappedFrames(kernel, hooked, violations),
        new TranslationsTrue(kernel, hooked, violations),
        new TablesCounted(hooked, violations));
  }
}
