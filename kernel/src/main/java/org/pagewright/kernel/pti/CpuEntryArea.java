package org.pagewright.kernel.pti;

import java.util.List;
import org.pagewright.hardware.paging.PteFormat;

/**
 * Where the pages stand that a CPU needs to enter the kernel before it has switched tables. Models
 * {@code struct cpu_entry_area} (arch/x86/include/asm/cpu_entry_area.h, Linux 7.0) without the
 * buffers of the debug store.
 *
 * @param base first address; the page of the interrupt descriptor table, read-only
 * @param levelOfSharing level of the entries that user mode's tables take over as they are
 * @param pages what each CPU has, in order
 */
public record CpuEntryArea(long base, int levelOfSharing, List<Page> pages) {
  /** A page of a CPU; a guard page is not mapped. */
  public enum Page {
    GUARD,
    READ_ONLY,
    WRITABLE
  }

  /** GDT, entry stack behind a guard, task state with its bitmap, four exception stacks. */
  private static final List<Page> LONG_MODE =
      List.of(
          Page.READ_ONLY,
          Page.GUARD,
          Page.WRITABLE,
          Page.READ_ONLY,
          Page.READ_ONLY,
          Page.READ_ONLY,
          Page.READ_ONLY,
          Page.READ_ONLY,
          Page.GUARD,
          Page.WRITABLE,
          Page.WRITABLE,
          Page.GUARD,
          Page.WRITABLE,
          Page.WRITABLE,
          Page.GUARD,
          Page.WRITABLE,
          Page.WRITABLE,
          Page.GUARD,
          Page.WRITABLE,
          Page.WRITABLE);

  /** GDT, entry stack and double-fault stack behind guards, task state: writable on 32 bits. */
  private static final List<Page> PROTECTED_MODE =
      List.of(
          Page.WRITABLE,
          Page.GUARD,
          Page.WRITABLE,
          Page.GUARD,
          Page.WRITABLE,
          Page.WRITABLE,
          Page.WRITABLE,
          Page.WRITABLE,
          Page.WRITABLE,
          Page.WRITABLE);

  /** {@code CPU_ENTRY_AREA_BASE}: entry -4 of the table of level 4, with four and five levels. */
  private static final long LONG_MODE_BASE = 0xffff_fe00_0000_0000L;

  /** Two entries of level 2 below the fixed mappings; the LDT stands in the one before. */
  private static final long PAE_BASE = 0xff40_0000L;

  private static final long PAE_END = 0xff80_0000L;

  public CpuEntryArea {
    pages = List.copyOf(pages);
  }

  /** The area that Linux has with a format. */
  public static CpuEntryArea of(PteFormat format) {
    return format.has(PteFormat.Feature.PDPTE_REGISTERS)
        ? new CpuEntryArea(PAE_BASE, 2, PROTECTED_MODE)
        : new CpuEntryArea(LONG_MODE_BASE, 4, LONG_MODE);
  }

  /** First address of a CPU's page. */
  long va(int cpu, int page, long pageBytes) {
    return base + (1 + (long) cpu * pages.size() + page) * pageBytes;
  }

  /** First address behind the pages of {@code cpus} CPUs. */
  public long end(int cpus, long pageBytes) {
    long end = va(cpus, 0, pageBytes);
    if (levelOfSharing == 2 && end > PAE_END) {
      throw new IllegalArgumentException(cpus + " CPUs do not fit below the fixed mappings");
    }
    return end;
  }
}
