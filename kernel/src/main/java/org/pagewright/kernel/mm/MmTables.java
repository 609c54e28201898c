package org.pagewright.kernel.mm;

import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.tablelife.TableOwner;

/**
 * What an address space keeps for the sake of its user tables. Models {@code page_table_lock},
 * {@code pgtables_bytes}, {@code tlb_flush_pending} and {@code pmd_huge_pte} of {@code struct
 * mm_struct} (include/linux/mm_types.h).
 */
public final class MmTables {
  /** No table is deposited here. */
  public static final long NO_DEPOSIT = -1;

  /**
   * The table lock of an address space is taken before the locks of single tables. Fork holds the
   * child's and takes the parent's, as {@code copy_huge_pmd()} does with SINGLE_DEPTH_NESTING.
   */
  private static final LockClass LOCK =
      new LockClass("mm.page_table_lock", /* isNestable= */ true, Primitive.LOCK);

  /** Keeps the identities of these locks apart from those of single tables, which are frames. */
  private static final int IDENTITY = 1 << 30;

  private static final int LEVELS = 8;

  private final long contextId;
  private final EventLog events;
  private final SpinLock lock;
  private final TableOwner owner;
  private final long[] tables = new long[LEVELS];
  private long deposit = NO_DEPOSIT;
  private int gathers;

  MmTables(long contextId, EventLog events) {
    this.contextId = contextId;
    this.events = events;
    this.owner = TableOwner.user(contextId);
    this.lock = new SpinLock(LOCK, lockIdentity(contextId));
  }

  /** Identity of the lock of an address space in events. */
  public static int lockIdentity(long contextId) {
    return IDENTITY | (int) contextId;
  }

  /** Guards entries of tables that have no lock of their own. */
  public SpinLock lock() {
    return lock;
  }

  /** The address space, for constructors of its tables. */
  public TableOwner owner() {
    return owner;
  }

  // ---- counters

  /** A table of {@code level} was hooked in. Models {@code mm_inc_nr_ptes()} and its like. */
  public void added(int level) {
    tables[level]++;
    events.record(MmEvent.TABLES_COUNTED, /* cpu= */ 0, contextId, level, tables[level]);
  }

  /** A table of {@code level} was taken out. */
  public void removed(int level) {
    assert tables[level] > 0 : "no table of level " + level + " is left";
    tables[level]--;
    events.record(MmEvent.TABLES_COUNTED, /* cpu= */ 0, contextId, level, tables[level]);
  }

  /** Tables of a level that are hooked in; the top table is not counted. */
  public long tables(int level) {
    return tables[level];
  }

  /** Bytes of all tables that are hooked in. Models {@code mm_pgtables_bytes()}. */
  public long bytes(PteFormat format) {
    long bytes = 0;
    for (int level = 1; level < format.topLevel(); level++) {
      bytes += tables[level] * format.tableBytes(level);
    }
    return bytes;
  }

  // ---- deposited tables, where middle tables have no lock of their own

  /** Frame of the table that was deposited last, or {@link #NO_DEPOSIT}. */
  public long deposit() {
    return deposit;
  }

  public void setDeposit(long pfn) {
    deposit = pfn;
  }

  // ---- gathers

  /** A gather begins. Models {@code inc_tlb_flush_pending()}. */
  public void gatherBegins() {
    gathers++;
  }

  /** A gather ends. Models {@code dec_tlb_flush_pending()}. */
  public void gatherEnds() {
    assert gathers > 0 : "no gather is in progress";
    gathers--;
  }

  /** Whether several gathers are in progress. Models {@code mm_tlb_flush_nested()}. */
  public boolean hasNestedGathers() {
    return gathers > 1;
  }

  /** Whether a gather is in progress. Models {@code mm_tlb_flush_pending()}. */
  public boolean hasGathers() {
    return gathers > 0;
  }
}
