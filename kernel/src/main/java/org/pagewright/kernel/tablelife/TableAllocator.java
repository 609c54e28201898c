package org.pagewright.kernel.tablelife;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * Constructed tables of one owner. Models {@code __pte_alloc_one()}, {@code pmd_alloc_one()} and
 * their like, {@code pagetable_dtor_free()} and {@code pagetable_free()} (asm-generic/pgalloc.h).
 */
public final class TableAllocator {
  /** No table can be had. */
  public static final long NONE = TableSource.NONE;

  private final PageTables tables;
  private final TableSource source;
  private final TableConstructors constructors;
  private final PteFormat format;

  /** Tables whose pages come from {@code source}, zeroed. */
  public TableAllocator(PageTables tables, TableSource source, TableConstructors constructors) {
    this.tables = tables;
    this.source = source;
    this.constructors = constructors;
    this.format = tables.format();
  }

  public TableConstructors constructors() {
    return constructors;
  }

  /** Takes a page and constructs a table of {@code level} in it, or answers {@link #NONE}. */
  public long allocate(Cpu cpu, int level, TableOwner owner) {
    long tablePa = tables.allocateTable(cpu, level, source);
    if (tablePa == NONE) {
      return NONE;
    }
    if (constructors.construct(cpu, pfn(tablePa), level, order(level), owner) != 0) {
      tables.freeTable(cpu, tablePa, level, source);
      return NONE;
    }
    return tablePa;
  }

  /** Destructs a table and gives its page back. Models {@code pagetable_dtor_free()}. */
  public void free(Cpu cpu, long tablePa, int level) {
    destruct(cpu, tablePa);
    freePage(cpu, tablePa, level);
  }

  /** Destructs a table whose page is given back later. Models {@code pagetable_dtor()}. */
  public void destruct(Cpu cpu, long tablePa) {
    constructors.destruct(cpu, pfn(tablePa));
  }

  /** Gives back the page of a table that was destructed. Models {@code pagetable_free()}. */
  public void freePage(Cpu cpu, long tablePa, int level) {
    tables.freeTable(cpu, tablePa, level, source);
  }

  private long pfn(long tablePa) {
    return tablePa >>> format.pageShift();
  }

  private int order(int level) {
    long bytes = Math.max(format.tableBytes(level), format.pageBytes());
    return Long.numberOfTrailingZeros(bytes) - format.pageShift();
  }
}
