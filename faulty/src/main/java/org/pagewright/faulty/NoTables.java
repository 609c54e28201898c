package org.pagewright.faulty;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * Tables that cannot be had; those from before go back where they came from.
 *
 * @param home where tables came from
 */
public record NoTables(TableSource home) implements TableSource {
  @Override
  public long allocate(Cpu cpu, int level) {
    return NONE;
  }

  @Override
  public void free(Cpu cpu, long tablePa, int level) {
    home.free(cpu, tablePa, level);
  }
}
