package org.pagewright.kernel.tlbflush;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.CpuMask;

/** What is to be flushed. Models {@code struct flush_tlb_info} (x86, Linux 7.0). */
public class FlushOrder {
  private final CpuMask targets;
  private @Nullable MmTlb mm;
  private long @Nullable [] vas;
  private long from;
  private long to;
  private boolean all;
  private long generation;
  private int strideShift;
  private boolean freedTables;

  FlushOrder(int cpus) {
    targets = new CpuMask(cpus);
  }

  void kernel(long fromVa, long toVa, boolean everything) {
    mm = null;
    vas = null;
    from = fromVa;
    to = toVa;
    all = everything;
  }

  void kernelPages(long[] pages) {
    kernel(0, 0, /* everything= */ false);
    vas = pages;
  }

  void mm(MmTlb space, long newGeneration, long fromVa, long toVa, int shift, boolean tables) {
    mm = space;
    vas = null;
    generation = newGeneration;
    from = fromVa;
    to = toVa;
    all = toVa == -1L;
    strideShift = shift;
    freedTables = tables;
  }

  /** The CPUs that have to do it. */
  CpuMask targets() {
    return targets;
  }

  /** Whether addresses of the kernel are meant, not of one address space. */
  public boolean isKernel() {
    return mm == null;
  }

  /** The address space that is meant. */
  public MmTlb mm() {
    return Objects.requireNonNull(mm, "a flush of kernel addresses has no address space");
  }

  long @Nullable [] vas() {
    return vas;
  }

  public long from() {
    return from;
  }

  public long to() {
    return to;
  }

  /** Whether the range does not matter. */
  public boolean all() {
    return all;
  }

  public long generation() {
    return generation;
  }

  public int strideShift() {
    return strideShift;
  }

  /** Whether tables were freed, so that walks in progress matter too. */
  public boolean freedTables() {
    return freedTables;
  }
}
