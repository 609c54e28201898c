package org.pagewright.kernel.boot;

import java.util.Arrays;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.pgtable.TableSource;

/** Tables before the page allocator runs: from early memory; what is given back is used again. */
final class EarlyTables implements TableSource {
  private final EarlyMemory early;
  private final PhysicalMemory memory;
  private final PteFormat format;
  private final long floorPa;
  private final BootStages stages;
  private long bytes;
  private long[] free = new long[8];
  private int freeTables;

  EarlyTables(
      EarlyMemory early, PhysicalMemory memory, PteFormat format, long floorPa, BootStages stages) {
    this.stages = stages;
    this.early = early;
    this.memory = memory;
    this.format = format;
    this.floorPa = floorPa;
  }

  @Override
  public long allocate(Cpu cpu, int level) {
    long size = Math.max(format.tableBytes(level), format.pageBytes());
    boolean isPage = size == format.pageBytes();
    long pa =
        isPage && freeTables > 0
            ? free[--freeTables]
            : stages.earlyTable(early, size, level == format.topLevel(), floorPa);
    if (pa == EarlyMemory.NONE) {
      return NONE;
    }
    memory.zero(pa, size);
    bytes += size;
    return pa;
  }

  @Override
  public void free(Cpu cpu, long tablePa, int level) {
    cpu.step(Step.FREE, tablePa);
    long size = Math.max(format.tableBytes(level), format.pageBytes());
    bytes -= size;
    if (size == format.pageBytes()) {
      if (freeTables == free.length) {
        free = Arrays.copyOf(free, 2 * freeTables);
      }
      free[freeTables++] = tablePa;
    }
  }

  /** Memory that is in tables. */
  long bytes() {
    return bytes;
  }
}
