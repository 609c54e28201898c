package org.pagewright.kernel.pgtable;

import org.pagewright.hardware.cpu.Cpu;

/**
 * What stands between kernel code and a write of an entry.
 *
 * <p>Linux writes entries through the direct map, so whatever protects tables there (protection
 * keys, read-only tables) stands in the way of every write. A gate lets a feature say so.
 */
@FunctionalInterface
public interface EntryGate {
  /** Lets everything pass. */
  EntryGate OPEN = (cpu, entryPa) -> true;

  /**
   * Asked before each write.
   *
   * @return whether the write takes place; a gate that says no has reported the fault
   */
  boolean permits(Cpu cpu, long entryPa);

  /**
   * Begins a run of writes that are asked for one by one but may be let through together; nests.
   * Models {@code lazy_mmu_mode_enable()}.
   */
  default void enterRun(Cpu cpu) {}

  /** Ends the run. Models {@code lazy_mmu_mode_disable()}. */
  default void leaveRun(Cpu cpu) {}
}
