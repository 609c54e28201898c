package org.pagewright.kernel.boot;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.hardware.paging.Architecture;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.directmap.KernelImage;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * Builds the direct map and the kernel image's mapping in simulated RAM.
 *
 * <p>Models {@code init_mem_mapping()} with {@code split_mem_range()} (arch/x86/mm/init.c), {@code
 * map_mem()} (arch/arm64/mm/mmu.c) and {@code create_linear_mapping_page_table()} (riscv), Linux
 * 7.0: each range of RAM in base pages up to the first large boundary, then ever larger leaves, and
 * back down at its end. Linux goes top-down in growing steps and widens what a step cuts off, which
 * leads to the same leaves.
 */
final class DirectMapBuilder {
  private static final int LEVELS = 8;

  private final PageTables tables;
  private final PteFormat format;
  private final KernelLayout layout;
  private final ArchPolicy policy;
  private final TableSource source;
  private final long rootPa;
  private final int rights;
  private final int largestLevel;
  private final long[] leaves = new long[LEVELS];

  DirectMapBuilder(KernelConfig config, PageTables tables, TableSource source, long rootPa) {
    this.tables = tables;
    this.format = tables.format();
    this.layout = config.layout();
    this.policy = config.policy();
    this.source = source;
    this.rootPa = rootPa;
    this.largestLevel = policy.forcesBasePages() ? 1 : config.directMap().largestLeafLevel();
    this.rights =
        Rights.KERNEL_READ
            | Rights.KERNEL_WRITE
            | Rights.ACCESSED
            | Rights.DIRTY
            | (config.globalKernel() ? Rights.GLOBAL : 0);
  }

  /** Direct-map leaves by level. */
  long[] leaves() {
    return leaves;
  }

  /** Maps the range of RAM, from its top to its bottom. */
  void map(Cpu cpu, MemoryMap.Range range) {
    long to = range.to();
    while (to > range.from()) {
      int level = levelOfLast(range.from(), to);
      long leafBytes = format.levelBytes(level);
      long from = firstOfRun(range.from(), to, level);
      for (long pa = from; pa < to; ) {
        pa += fillTable(cpu, pa, to, level);
      }
      leaves[level] += (to - from) / leafBytes;
      to = from;
    }
  }

  /** The largest leaf that ends at {@code to} and lies in the range. */
  private int levelOfLast(long from, long to) {
    for (int level = Math.min(largestLevel, format.topLevel()); level > 1; level--) {
      long leafBytes = format.levelBytes(level);
      if (format.isLeafLevel(level) && (to & leafBytes - 1) == 0 && to - leafBytes >= from) {
        return level;
      }
    }
    return 1;
  }

  /** Start of the run of leaves of {@code level} that ends at {@code to}. */
  private long firstOfRun(long from, long to, int level) {
    long leafBytes = format.levelBytes(level);
    long lowest = from + leafBytes - 1 & -leafBytes;
    for (int above = level + 1; above <= largestLevel && above <= format.topLevel(); above++) {
      if (!format.isLeafLevel(above)) {
        continue;
      }
      long boundary = to - 1 & -format.levelBytes(above);
      if (boundary - format.levelBytes(above) >= from) {
        return Math.max(boundary, lowest);
      }
    }
    return lowest;
  }

  /** Fills leaves from {@code pa} to the end of their table or {@code to}; returns bytes mapped. */
  private long fillTable(Cpu cpu, long pa, long to, int level) {
    long va = layout.directVa(pa);
    long slot = tables.makeEntry(cpu, rootPa, va, level, source);
    if (slot == EntrySlot.NONE) {
      throw new IllegalArgumentException(
          "no early memory left for the direct map at 0x" + Long.toHexString(pa));
    }
    long leafBytes = format.levelBytes(level);
    long room = format.level(level).entries() - format.index(va, level);
    long entries = Math.min(room, (to - pa) / leafBytes);
    long leaf = format.leaf(level, pa, rights);
    long step = leafBytes >>> format.addressShift();
    long group = groupBytes(level);
    for (long i = 0; i < entries; i++) {
      long at = pa + i * leafBytes;
      long entry = leaf + i * step;
      boolean inGroup = group != 0 && (at & -group) >= pa && (at & -group) + group <= to;
      tables.writeUnpublished(
          cpu, EntrySlot.pa(slot) + i * Long.BYTES, inGroup ? format.inRun(entry, level) : entry);
    }
    return entries * leafBytes;
  }

  /** Size of a contiguous group of leaves, or 0 where the map has none. */
  private long groupBytes(int level) {
    boolean hasGroups = policy.contiguousHint() && largestLevel > 1;
    return hasGroups && format.level(level).runMark() != 0
        ? 1L << format.level(level).runShift()
        : 0;
  }

  /**
   * Maps the kernel image at its own addresses, text executable: by large pages on x86, whose image
   * is padded to them; elsewhere by the largest leaves that end before the image does, and its end
   * by pages. Models {@code cleanup_highmap()} and {@code map_kernel()}.
   */
  void mapImage(Cpu cpu, KernelImage image) {
    boolean isPadded = format.architecture() == Architecture.X86;
    long pa = image.textPa();
    while (pa < image.endPa()) {
      long left = image.endPa() - pa;
      int level = isPadded ? 2 : tables.leafLevel(layout.imageBase() | pa, left - 1, 2);
      long slot = tables.makeEntry(cpu, rootPa, layout.imageBase() + pa, level, source);
      if (slot == EntrySlot.NONE) {
        throw new IllegalArgumentException("no early memory left for the kernel image");
      }
      long leaf = format.leaf(level, pa, rights | Rights.KERNEL_EXECUTE);
      tables.writeUnpublished(cpu, EntrySlot.pa(slot), leaf);
      pa += format.levelBytes(level);
    }
  }
}
