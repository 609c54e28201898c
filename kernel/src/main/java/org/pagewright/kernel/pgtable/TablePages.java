package org.pagewright.kernel.pgtable;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;

/**
 * Tables from the page allocator. Models {@code alloc_pages(GFP_KERNEL)} for x86's splits and
 * {@code GFP_PGTABLE_KERNEL} elsewhere (Linux 7.0): a table is a mapped, unmovable page.
 */
public final class TablePages implements TableSource {
  private final PageAllocator allocator;
  private final PhysicalMemory memory;
  private final PteFormat format;
  private final int gfp;
  private final boolean isFilled;
  private long failures;

  private TablePages(
      PageAllocator allocator, PhysicalMemory memory, PteFormat format, int gfp, boolean filled) {
    this.allocator = allocator;
    this.memory = memory;
    this.format = format;
    this.gfp = gfp;
    this.isFilled = filled;
  }

  /** Tables that must come zeroed. */
  public static TablePages zeroed(
      PageAllocator allocator, PhysicalMemory memory, PteFormat format) {
    return new TablePages(allocator, memory, format, Gfp.KERNEL | Gfp.ZERO, /* filled= */ false);
  }

  /** Tables whose every entry is written before use, so that nobody pays for zeroing. */
  public static TablePages forSplits(
      PageAllocator allocator, PhysicalMemory memory, PteFormat format) {
    return new TablePages(allocator, memory, format, Gfp.KERNEL, /* filled= */ true);
  }

  /** Top tables of processes: zeroed, and memory cgroups pay. */
  public static TablePages forProcesses(
      PageAllocator allocator, PhysicalMemory memory, PteFormat format) {
    int gfp = Gfp.KERNEL_ACCOUNT | Gfp.ZERO;
    return new TablePages(allocator, memory, format, gfp, /* filled= */ false);
  }

  @Override
  public long allocate(Cpu cpu, int level) {
    long pfn = allocator.allocate(cpu, gfp, order(level));
    if (pfn == PageAllocator.NONE) {
      failures++;
      return NONE;
    }
    long tablePa = pfn << format.pageShift();
    if (isFilled) {
      memory.zero(tablePa, bytes(level)); // the host's pages, not a cost of the model
    }
    return tablePa;
  }

  @Override
  public void free(Cpu cpu, long tablePa, int level) {
    cpu.step(Step.FREE, tablePa);
    allocator.free(cpu, tablePa >>> format.pageShift(), order(level));
  }

  @Override
  public long allocatePair(Cpu cpu, int level) {
    long pfn = allocator.allocate(cpu, gfp, order(level) + 1);
    if (pfn == PageAllocator.NONE) {
      failures++;
      return NONE;
    }
    long tablePa = pfn << format.pageShift();
    if (isFilled) {
      memory.zero(tablePa, 2 * bytes(level));
    }
    return tablePa;
  }

  @Override
  public void freePair(Cpu cpu, long tablePa, int level) {
    cpu.step(Step.FREE, tablePa);
    allocator.free(cpu, tablePa >>> format.pageShift(), order(level) + 1);
  }

  /** Requests that found no page. */
  public long failures() {
    return failures;
  }

  private long bytes(int level) {
    return Math.max(format.tableBytes(level), format.pageBytes());
  }

  private int order(int level) {
    return Long.numberOfTrailingZeros(bytes(level)) - format.pageShift();
  }
}
