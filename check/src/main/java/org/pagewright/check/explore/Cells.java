package org.pagewright.check.explore;

import java.util.Arrays;
import java.util.List;
import org.pagewright.check.oracle.Violation;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.MachineConfig;
import org.pagewright.hardware.cpu.Step;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.PteFormat;

/**
 * The smallest world: shared words, no kernel. It is put back instead of made anew, so that it
 * shows what schedules cost by themselves, and algorithms can be tried before a kernel has them.
 */
public final class Cells implements World {
  private static final long RAM_BYTES = 2L << 20;

  /** What must hold of the words at the end. */
  @FunctionalInterface
  public interface Property {
    boolean holds(long[] cells);
  }

  private final Machine machine;
  private final long[] cells;
  private final Property property;

  /** So many words, all zero, on a machine with so many CPUs. */
  public Cells(int cells, int cpus, Property property) {
    PteFormat format = PteFormat.named("x86_64-4level");
    this.machine =
        new Machine(MachineConfig.small(format).withMap(MemoryMap.of(RAM_BYTES)).withCpus(cpus));
    this.cells = new long[cells];
    this.property = property;
  }

  /** Reads a word that others may write. */
  public long load(Cpu cpu, int cell) {
    cpu.step(Step.LOAD, cell);
    return cells[cell];
  }

  /** Writes a word that others may read. */
  public void store(Cpu cpu, int cell, long value) {
    cpu.step(Step.STORE, cell);
    cells[cell] = value;
  }

  @Override
  public Machine machine() {
    return machine;
  }

  @Override
  public List<Violation> violations() {
    return List.of();
  }

  @Override
  public List<Violation> inspect() {
    return property.holds(cells)
        ? List.of()
        : List.of(new Violation("cells", /* cpu= */ -1, Arrays.toString(cells)));
  }

  @Override
  public String place(long address) {
    return "cell " + address;
  }

  @Override
  public boolean isToldBySteps(long address) {
    return true;
  }

  @Override
  public boolean restore() {
    Arrays.fill(cells, 0);
    machine.abandonRun();
    return true;
  }

  @Override
  public void close() {
    machine.close();
  }
}
