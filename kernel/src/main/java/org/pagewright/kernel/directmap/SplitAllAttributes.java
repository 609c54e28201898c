package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * riscv's rules for changing attributes of kernel mappings. Models {@code arch/riscv/mm/pageattr.c}
 * (Linux 7.0): under the lock of the kernel's address space, leaves of the linear map that the
 * range covers only in part are split down to base pages, bits are changed, and everything is
 * flushed.
 *
 * <p>Left out: the alias of the kernel image.
 */
final class SplitAllAttributes implements AttributeChanger {
  private static final long VALID = 1L;
  private static final long READ = 1L << 1;
  private static final long WRITE = 1L << 2;
  private static final long EXECUTE = 1L << 3;
  private static final long GLOBAL = 1L << 5;
  private static final long ACCESSED = 1L << 6;
  private static final long DIRTY = 1L << 7;

  /** Address bits of an entry count 4K frames from this bit on. */
  private static final int FRAME_SHIFT = 10;

  private final KernelMapping mapping;
  private final PageTables tables;
  private final TlbShootdown shootdown;
  private final KernelLayout layout;
  private final LeafRange leaves;

  SplitAllAttributes(KernelMapping mapping) {
    this.mapping = mapping;
    this.tables = mapping.tables();
    this.shootdown = mapping.shootdown();
    this.layout = mapping.layout();
    this.leaves = new LeafRange(mapping);
  }

  @Override
  public int change(Cpu cpu, AttributeChange what, long va, long pages) {
    if (what == AttributeChange.READ_ONLY_EXECUTABLE) {
      int error = change(cpu, AttributeChange.READ_ONLY, va, pages);
      return error != 0 ? error : change(cpu, AttributeChange.EXECUTABLE, va, pages);
    }
    long set = set(what);
    long clear = clear(what);
    long to = va + pages * pageBytes();
    mapping.attributeLock().acquire(cpu);
    int error = layout.inVmalloc(va) ? changeAliases(cpu, va, to, set, clear) : 0;
    error = error != 0 ? error : changeRange(cpu, va, to, set, clear);
    mapping.attributeLock().release(cpu);
    shootdown.flushAll(cpu);
    return error;
  }

  @Override
  public int changeDirect(Cpu cpu, AttributeChange what, long va, long pages, boolean whole) {
    return change(cpu, what, va, pages);
  }

  @Override
  public int changeKey(Cpu cpu, int key, long va, long pages) {
    return -Errno.EINVAL; // the architecture has no keys
  }

  private long pageBytes() {
    return tables.format().levelBytes(1);
  }

  private static long set(AttributeChange what) {
    return switch (what) {
      case READ_ONLY -> READ;
      case READ_WRITE -> READ | WRITE;
      case EXECUTABLE -> EXECUTE;
      case PRESENT -> VALID;
      case DIRECT_DEFAULT -> VALID | READ | WRITE | GLOBAL | ACCESSED | DIRTY;
      case NOT_EXECUTABLE, NOT_PRESENT, NOT_PRESENT_NO_ALIAS, DIRECT_INVALID -> 0;
      case READ_ONLY_EXECUTABLE, BASE_PAGES, NOT_GLOBAL, GLOBAL ->
          throw new IllegalArgumentException(what + " does not exist on riscv");
    };
  }

  private static long clear(AttributeChange what) {
    return switch (what) {
      case READ_ONLY -> WRITE;
      case NOT_EXECUTABLE, DIRECT_DEFAULT -> EXECUTE;
      case NOT_PRESENT, NOT_PRESENT_NO_ALIAS, DIRECT_INVALID -> VALID;
      default -> 0;
    };
  }

  /** The linear alias of vmalloc pages changes first, page by page. */
  private int changeAliases(Cpu cpu, long from, long to, long set, long clear) {
    for (long at = from; at != to; at += pageBytes()) {
      long slot = tables.lookup(cpu, mapping.rootPa(), at);
      long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
      if (entry == 0 || EntrySlot.level(slot) != 1) {
        return -Errno.EINVAL;
      }
      long alias = layout.directVa(tables.leafPa(entry, 1));
      int error = changeRange(cpu, alias, alias + pageBytes(), set, clear);
      if (error != 0) {
        return error;
      }
    }
    return 0;
  }

  private int changeRange(Cpu cpu, long from, long to, long set, long clear) {
    if (layout.inDirectMap(from)) {
      int error = splitEdges(cpu, from, to);
      if (error != 0) {
        return error;
      }
    }
    return leaves.apply(cpu, from, to, set, clear);
  }

  /** Splits whatever {@code [from, to)} covers in part; only the two edges can be. */
  private int splitEdges(Cpu cpu, long from, long to) {
    int error = splitDownTo(cpu, from, from, to);
    return error != 0 ? error : splitDownTo(cpu, to - pageBytes(), from, to);
  }

  private int splitDownTo(Cpu cpu, long va, long from, long to) {
    for (int round = 0; round < tables.format().topLevel(); round++) {
      long slot = tables.lookup(cpu, mapping.rootPa(), va);
      int level = EntrySlot.level(slot);
      long bytes = tables.format().levelBytes(level);
      long leafVa = va & -bytes;
      boolean covered =
          Long.compareUnsigned(leafVa, from) >= 0 && leafVa + bytes - from <= to - from;
      if (level == 1 || covered || tables.readEntry(cpu, EntrySlot.pa(slot)) == 0) {
        return 0;
      }
      int error = split(cpu, leafVa, slot);
      if (error != 0) {
        return error;
      }
    }
    return 0;
  }

  private int split(Cpu cpu, long leafVa, long slot) {
    int level = EntrySlot.level(slot);
    long tablePa = mapping.allocateSplitTable(cpu, level - 1);
    if (tablePa == TableSource.NONE) {
      return -Errno.ENOMEM;
    }
    long first = tables.readEntry(cpu, EntrySlot.pa(slot));
    long pieceBytes = tables.format().levelBytes(level - 1);
    long pieces = tables.format().levelBytes(level) / pieceBytes;
    long step = pieceBytes >>> 12 << FRAME_SHIFT;
    for (int i = 0; i < pieces; i++) {
      tables.writeUnpublished(cpu, tablePa + i * 8L, first + i * step);
    }
    mapping.countSplit(leafVa, level, pieces);
    tables.writeEntry(cpu, EntrySlot.pa(slot), tables.kernelTable(tablePa, level));
    mapping.record(cpu, KernelEvent.DIRECT_MAP_SPLIT, leafVa, level, tablePa);
    return 0;
  }
}
