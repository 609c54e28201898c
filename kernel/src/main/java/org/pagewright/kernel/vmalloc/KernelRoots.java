package org.pagewright.kernel.vmalloc;

import org.pagewright.hardware.cpu.Cpu;

/**
 * Top tables that have copies of the kernel's top-level entries. Models {@code
 * arch_sync_kernel_mappings()}, which Linux 6.18 calls wherever a kernel mapping changed a
 * top-level entry.
 */
@FunctionalInterface
public interface KernelRoots {
  /** There is one root, or all of them share the table that it points to. */
  KernelRoots ONE = (cpu, offset) -> {};

  /**
   * A top-level entry of the kernel's own root was made.
   *
   * @param offset of the entry in its table, in bytes
   */
  void topEntryMade(Cpu cpu, long offset);
}
