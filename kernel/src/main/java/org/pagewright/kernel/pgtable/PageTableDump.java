package org.pagewright.kernel.pgtable;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.paging.PteFormat;

/**
 * Lists what kernel addresses are mapped to. Models {@code ptdump_walk_pgd()} (mm/ptdump.c) and
 * {@code note_page()} (arch/x86/mm/dump_pagetables.c, Linux 7.0): a walk over all tables of a range
 * that takes no lock of any table, and tells neighbours with equal bits as one area.
 *
 * <p>It holds the lock of the kernel's address space as its only owner, so whoever frees a kernel
 * table while holding it, or after having held it since the table was taken out, is safe. Left out:
 * rights of upper levels, markers of regions, memory hotplug.
 */
public final class PageTableDump {
  /** Takes areas in ascending order. */
  @FunctionalInterface
  public interface Reader {
    /**
     * Neighbouring leaves with equal bits.
     *
     * @param level of the leaves, 1 for base pages
     * @param bits of the entries without their addresses
     */
    void area(long from, long to, int level, long bits);
  }

  private final PageTables tables;
  private final PteFormat format;
  private final long rootPa;
  private final RwSemaphore lock;

  /** A dumper of one root, under the lock of its address space. */
  public PageTableDump(PageTables tables, long rootPa, RwSemaphore lock) {
    this.tables = tables;
    this.format = tables.format();
    this.rootPa = rootPa;
    this.lock = lock;
  }

  /** Reads every entry for {@code [from, to)} and tells its areas; may sleep. */
  public void dump(Cpu cpu, long from, long to, Reader reader) {
    lock.acquire(cpu);
    Areas areas = new Areas(reader);
    dumpTable(cpu, new PageRange(from, rootPa, to - from), format.topLevel(), areas);
    areas.end();
    lock.release(cpu);
  }

  /** One table: {@code range.pa()} is its address. */
  private void dumpTable(Cpu cpu, PageRange range, int level, Areas areas) {
    long span = format.levelBytes(level);
    long end = range.va() + range.bytes();
    for (long va = range.va(); va != end; ) {
      long next = (va & -span) + span;
      long stop = next - va < end - va && next != 0 ? next : end;
      long entry = tables.readEntry(cpu, format.entryPa(range.pa(), va, level));
      if (format.isTable(entry, level)) {
        PageRange below = new PageRange(va, tables.tablePa(entry, level), stop - va);
        dumpTable(cpu, below, level - 1, areas);
      } else {
        areas.add(va, stop, level, entry == format.empty(level) ? 0 : entry & ~address(level));
      }
      va = stop;
    }
  }

  private long address(int level) {
    return format.level(level).leafAddress();
  }

  /** Joins neighbours. */
  private static final class Areas {
    private final Reader reader;
    private long from;
    private long to;
    private int level;
    private long bits;

    Areas(Reader reader) {
      this.reader = reader;
    }

    void add(long nextFrom, long nextTo, int nextLevel, long nextBits) {
      if (nextFrom != to || nextLevel != level || nextBits != bits) {
        end();
        from = nextFrom;
        level = nextLevel;
        bits = nextBits;
      }
      to = nextTo;
    }

    /** Tells the last area; what is not mapped at all is no area. */
    void end() {
      if (bits != 0) {
        reader.area(from, to, level, bits);
      }
    }
  }
}
