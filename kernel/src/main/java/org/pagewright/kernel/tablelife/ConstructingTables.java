package org.pagewright.kernel.tablelife;

import org.jspecify.annotations.Nullable;
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

  /** The same over the pages that the door named last. */
  private @Nullable ConstructingTables over;

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
    if (constructors.construct(cpu, pfn(tablePa), level, order(level), owner) != 0) {
      pages.free(cpu, tablePa, level);
      return NONE;
    }
    return tablePa;
  }

  @Override
  public long allocatePair(Cpu cpu, int level) {
    long tablePa = pages.allocatePair(cpu, level);
    if (tablePa == NONE || level < lowestConstructed) {
      return tablePa;
    }
    if (constructors.construct(cpu, pfn(tablePa), level, order(level) + 1, owner) != 0) {
      pages.freePair(cpu, tablePa, level);
      return NONE;
    }
    return tablePa;
  }

  @Override
  public void free(Cpu cpu, long tablePa, int level) {
    destruct(cpu, tablePa);
    pages.free(cpu, tablePa, level);
  }

  @Override
  public void freePair(Cpu cpu, long tablePa, int level) {
    destruct(cpu, tablePa);
    pages.freePair(cpu, tablePa, level);
  }

  private void destruct(Cpu cpu, long tablePa) {
    if (constructors.descriptor(pfn(tablePa)) != null) {
      constructors.destruct(cpu, pfn(tablePa));
    }
  }

  @Override
  public boolean isProtected() {
    return pages.isProtected();
  }

  @Override
  public TableSource over(TableSource others) {
    ConstructingTables same = over;
    if (same == null || !same.pages.equals(others)) {
      same = new ConstructingTables(others, constructors, format, owner, lowestConstructed);
      over = same;
    }
    return same;
  }

  private long pfn(long tablePa) {
    return tablePa >>> format.pageShift();
  }

  private int order(int level) {
    long bytes = Math.max(format.tableBytes(level), format.pageBytes());
    return Long.numberOfTrailingZeros(bytes) - format.pageShift();
  }
}
