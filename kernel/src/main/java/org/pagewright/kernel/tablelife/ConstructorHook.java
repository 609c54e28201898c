package org.pagewright.kernel.tablelife;

import org.pagewright.hardware.cpu.Cpu;

/**
 * Something that wants to see every table when it begins and when it ends, such as a protection of
 * tables. It is why constructors must be called for every table.
 */
public interface ConstructorHook {
  /**
   * A table was constructed and nothing points to it yet.
   *
   * @return 0 or a negative error, which undoes the construction
   */
  int constructed(Cpu cpu, PageTableDescriptor table);

  /** A table is about to lose its descriptor; nothing points to it any more. */
  void destructed(Cpu cpu, PageTableDescriptor table);
}
