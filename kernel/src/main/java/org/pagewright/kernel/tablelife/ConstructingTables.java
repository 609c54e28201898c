package org.pagewright.kernel.tablelife;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * A source whose tables come constructed and are destructed when they go. Models {@code
 * pte_alloc_one_kernel()}, {@code pmd_alloc_one()} and their like for one owner.
 *
 * <p>What never was constructed, such as a table of early boot, goes without a destructor.
 */
public final class ConstructingTables implements TableSource {
  private final TableSource pages;
  private final TableConstructors constructors;
  private final PteFormat format;
  private final TableOwner owner;
  private final int lowestConstructed;

  private ConstructingTables(
      TableSource pages,
      TableConstructors constructors,
      PteFormat format,
      TableOwner owner,
      int lowestConstructed) {
    this.pages = pages;
    this.constructors = constructors;
    this.format = format;
    this.owner = owner;
    this.lowestConstructed = lowestConstructed;
  }

  /** Tables of all levels are constructed, as since Linux 6.16. */
  public static ConstructingTables all(
      TableSource pages, TableConstructors constructors, PteFormat format, TableOwner owner) {
    return new ConstructingTables(pages, constructors, format, owner, 1);
  }

  /** The kernel's lowest tables are not, as before Linux 6.16. */
  public static ConstructingTables allButLowest(
      TableSource pages, TableConstructors constructors, PteFormat format) {
    return new ConstructingTables(pages, constructors, format, TableOwner.INIT_MM, 2);
  }

  @Override
  public long allocate(Cpu cpu, int level) {
    long tablePa = pages.allocate(cpu, level);
    if (tablePa == NONE || level < lowestConstructed) {
      return tablePa;
    }
    long pfn = tablePa >>> format.pageShift();
    if (constructors.construct(cpu, pfn, level, order(level), owner) != 0) {
      pages.free(cpu, tablePa, level);
      return NONE;
    }
    return tablePa;
  }

  @Override
  public void free(Cpu cpu, long tablePa, int level) {
    long pfn = tablePa >>> format.pageShift();
    if (constructors.descriptor(pfn) != null) {
      constructors.destruct(cpu, pfn);
    }
    pages.free(cpu, tablePa, level);
  }

  private int order(int level) {
    long bytes = Math.max(format.tableBytes(level), format.pageBytes());
    return Long.numberOfTrailingZeros(bytes) - format.pageShift();
  }
}
