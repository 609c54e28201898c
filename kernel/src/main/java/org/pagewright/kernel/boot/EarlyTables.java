package org.pagewright.kernel.boot;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.pgtable.TableSource;

/** Tables before the page allocator runs: from early memory, never given back. */
final class EarlyTables implements TableSource {
  private final EarlyMemory early;
  private final PhysicalMemory memory;
  private final PteFormat format;
  private final long floorPa;
  private long bytes;

  EarlyTables(EarlyMemory early, PhysicalMemory memory, PteFormat format, long floorPa) {
    this.early = early;
    this.memory = memory;
    this.format = format;
    this.floorPa = floorPa;
  }

  @Override
  public long allocate(Cpu cpu, int level) {
    long size = Math.max(format.tableBytes(level), format.pageBytes());
    long pa = early.allocate(size, size, floorPa, memory.map().endBytes());
    if (pa == EarlyMemory.NONE) {
      return NONE;
    }
    memory.zero(pa, size);
    bytes += size;
    return pa;
  }

  @Override
  public void free(Cpu cpu, long tablePa, int level) {
    throw new AssertionError("tables of boot are never freed");
  }

  /** Memory that went into tables. */
  long bytes() {
    return bytes;
  }
}
