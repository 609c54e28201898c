package org.pagewright.kernel.pti;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * The part of the kernel that user mode's tables hold. Models {@code pti_init()}
 * (arch/x86/mm/pti.c, Linux 7.0) and {@code setup_cpu_entry_areas()}.
 */
public final class PageTableIsolation {
  /*
   * What Linux does. Beside the kernel's own top table stands a reference for user mode. At boot it
   * gets the CPU entry area (by sharing the table below one entry) and the entry text, which
   * 64-bit kernels align to a large page so that one leaf of level 2 is enough; both are global,
   * the only kernel mappings that are. Each process copies the reference's kernel half.
   *
   * What is left out: see the package.
   */

  /** {@code .entry.text} fills one large page at the start of the image. */
  private static final int ENTRY_TEXT_LEVEL = 2;

  private static final int DATA = Rights.KERNEL_READ | Rights.ACCESSED | Rights.GLOBAL;
  private static final int WRITABLE = Rights.KERNEL_WRITE | Rights.DIRTY;
  private static final long GLOBAL = 1L << 8;

  private final PageTables tables;
  private final PteFormat format;
  private final TableSource source;
  private final PageAllocator allocator;
  private final CpuEntryArea area;
  private final long kernelRootPa;
  private final long userRootPa;

  /** Builds the entry area and the reference for user mode. */
  public PageTableIsolation(
      Machine machine,
      PageTables tables,
      TableSource source,
      PageAllocator allocator,
      KernelLayout layout,
      KernelImage image,
      long kernelRootPa) {
    this.tables = tables;
    this.format = tables.format();
    this.source = source;
    this.allocator = allocator;
    this.area = CpuEntryArea.of(format);
    this.kernelRootPa = kernelRootPa;
    Cpu cpu = machine.cpu(0);
    this.userRootPa = required(tables.allocateTable(cpu, format.topLevel(), source));
    long end = area.end(machine.cpus(), format.pageBytes());
    mapEntryArea(cpu, machine.cpus());
    share(cpu, area.base(), end, area.levelOfSharing());
    if (!image.isEmpty()) {
      cloneEntryText(cpu, layout.imageBase() + image.textPa());
    }
  }

  private static long required(long found) {
    if (found < 0) {
      throw new IllegalArgumentException("no memory left for page-table isolation");
    }
    return found;
  }

  private void mapEntryArea(Cpu cpu, int cpus) {
    mapPage(cpu, area.base(), CpuEntryArea.Page.READ_ONLY);
    for (int i = 0; i < cpus; i++) {
      for (int page = 0; page < area.pages().size(); page++) {
        mapPage(cpu, area.va(i, page, format.pageBytes()), area.pages().get(page));
      }
    }
  }

  private void mapPage(Cpu cpu, long va, CpuEntryArea.Page kind) {
    if (kind == CpuEntryArea.Page.GUARD) {
      return;
    }
    long pfn = required(allocator.allocate(cpu, Gfp.KERNEL | Gfp.ZERO, 0));
    int rights = DATA | (kind == CpuEntryArea.Page.WRITABLE ? WRITABLE : 0);
    long slot = required(tables.makeEntry(cpu, kernelRootPa, va, 1, source));
    long leaf = format.leaf(1, pfn << format.pageShift(), rights);
    tables.writeEntry(cpu, EntrySlot.pa(slot), leaf);
  }

  /** Points user mode's tables to what the kernel's have. Models {@code pti_clone_p4d()}. */
  private void share(Cpu cpu, long from, long end, int level) {
    for (long va = from; va < end; va += format.levelBytes(level)) {
      long slot = required(tables.makeEntry(cpu, userRootPa, va, level, source));
      tables.writeEntry(cpu, EntrySlot.pa(slot), entry(cpu, kernelRootPa, va, level));
    }
  }

  /** Copies the leaf of the entry text, global. Models {@code pti_clone_entry_text()}. */
  private void cloneEntryText(Cpu cpu, long va) {
    long leaf = entry(cpu, kernelRootPa, va, ENTRY_TEXT_LEVEL);
    assert format.isLeaf(leaf, ENTRY_TEXT_LEVEL) : Long.toHexString(leaf);
    long slot = required(tables.makeEntry(cpu, userRootPa, va, ENTRY_TEXT_LEVEL, source));
    tables.writeEntry(cpu, EntrySlot.pa(slot), leaf | GLOBAL);
  }

  private long entry(Cpu cpu, long rootPa, long va, int level) {
    long slot = tables.entryAt(cpu, rootPa, va, level);
    return slot == EntrySlot.NONE ? 0 : tables.readEntry(cpu, EntrySlot.pa(slot));
  }

  /** Top table of user mode whose kernel half every process copies. */
  public long userRootPa() {
    return userRootPa;
  }

  /** Where the CPU entry area stands. */
  public CpuEntryArea area() {
    return area;
  }
}
