package org.pagewright.kernel.arch;

import org.pagewright.hardware.cpu.Cpu;

/**
 * Where each CPU's cycles went, by category.
 *
 * <p>Code says what it begins and puts back what it found; cycles between two such calls belong to
 * the category that was current. Nothing is added to the charging of a primitive itself.
 */
@SuppressWarnings("EnumOrdinal") // categories of a CPU are a row of an array
public final class CostLedger {
  private static final CostCategory[] CATEGORIES = CostCategory.values();

  private final long[] cycles;
  private final int[] current;
  private final long[] since;

  /** An empty ledger for {@code cpus} CPUs. */
  public CostLedger(int cpus) {
    this.cycles = new long[cpus * CATEGORIES.length];
    this.current = new int[cpus];
    this.since = new long[cpus];
  }

  /**
   * Begins a category on a CPU.
   *
   * @return the category that was current, to be given to {@link #leave}
   */
  public CostCategory enter(Cpu cpu, CostCategory category) {
    CostCategory before = CATEGORIES[current[cpu.id()]];
    leave(cpu, category);
    return before;
  }

  /** Goes back to what was current before. */
  public void leave(Cpu cpu, CostCategory before) {
    settle(cpu);
    current[cpu.id()] = before.ordinal();
  }

  /** Cycles of a CPU in a category, up to this instant. */
  public long cycles(Cpu cpu, CostCategory category) {
    settle(cpu);
    return cycles[cpu.id() * CATEGORIES.length + category.ordinal()];
  }

  /** Forgets everything; cycles count from this instant on. */
  public void reset(Cpu cpu) {
    settle(cpu);
    int first = cpu.id() * CATEGORIES.length;
    java.util.Arrays.fill(cycles, first, first + CATEGORIES.length, 0);
  }

  private void settle(Cpu cpu) {
    int id = cpu.id();
    long instant = cpu.cycles();
    cycles[id * CATEGORIES.length + current[id]] += instant - since[id];
    since[id] = instant;
  }
}
