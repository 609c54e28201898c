package org.pagewright.kernel.pgtable;

import org.pagewright.hardware.cpu.Cpu;

/**
 * What else a write of an entry changes.
 *
 * <p>Models what hides in x86's setters: with page-table isolation an entry of a process's top
 * table has a copy that user mode uses ({@code pti_set_user_pgtbl()}), and with PAE each process
 * has a copy of the kernel's second-level table.
 */
@FunctionalInterface
public interface EntryMirror {
  /** Nothing has copies. */
  EntryMirror NONE = (cpu, entryPa, entry) -> entry;

  /**
   * Writes the copies of the entry.
   *
   * @return what is written at {@code entryPa} itself
   */
  long written(Cpu cpu, long entryPa, long entry);
}
