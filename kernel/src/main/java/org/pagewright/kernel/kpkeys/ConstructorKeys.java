package org.pagewright.kernel.kpkeys;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.directmap.DirectMap;
import org.pagewright.kernel.tablelife.ConstructorHook;
import org.pagewright.kernel.tablelife.PageTableDescriptor;

/**
 * A table is protected by its constructor and unprotected by its destructor, wherever its page came
 * from. Models "mm: Allow __pagetable_ctor() to fail" and "mm: Map page tables with privileged
 * pkey" (v5 12/18 and 13/18).
 *
 * <p>A table that nobody constructs stays unprotected, which is why "Always call constructor for
 * kernel page tables" had to come first.
 */
final class ConstructorKeys extends PageByPage implements ConstructorHook {
  private ConstructorKeys(PageAllocator allocator, DirectMap map) {
    super(allocator, map);
  }

  /** Hooks for a machine whose linear map is mapped by pages. */
  static ConstructorKeys of(PageAllocator allocator, DirectMap map) {
    requirePages(map);
    return new ConstructorKeys(allocator, map);
  }

  @Override
  public int constructed(Cpu cpu, PageTableDescriptor table) {
    return protect(cpu, table.pfn(), table.order());
  }

  @Override
  public void destructed(Cpu cpu, PageTableDescriptor table) {
    unprotect(cpu, table.pfn(), table.order());
  }
}
