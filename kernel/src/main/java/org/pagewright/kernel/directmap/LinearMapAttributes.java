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
 * arm64's rules for changing attributes of kernel mappings. Models {@code arch/arm64/mm/pageattr.c}
 * and {@code split_kernel_leaf_mapping()} of {@code mmu.c} (Linux 7.0).
 */
final class LinearMapAttributes implements AttributeChanger {
  /*
   * What Linux does: set_memory_{ro,rw,x,nx} work on vmalloc areas mapped by pages only, and with
   * rodata=full they change the linear alias of each page too. The linear map itself is changed
   * by set_memory_valid and set_direct_map_*. With BBML2 a block at an edge of the range is split
   * step by step: block, group of contiguous blocks, block, group of contiguous pages, page; a
   * step that is aligned already ends it. Nothing is flushed for the split, and nothing is ever
   * merged.
   *
   * What this does: the same, with the contiguous groups of each granule. An invalidated entry
   * keeps its address and carries the "present-invalid" mark (the nG position), as in Linux 7.3;
   * 7.0 clears the valid bit alone.
   *
   * What is left out: guarded pages (BTI), the split of the whole map at boot when a late CPU
   * lacks BBML2, KFENCE's pool, realms, memory tagging.
   */

  static final long VALID = 1L;
  private static final long NOT_BLOCK = 1L << 1;
  private static final long READ_ONLY = 1L << 7;

  /** nG while valid; "present, but not valid" otherwise. */
  private static final long NOT_GLOBAL = 1L << 11;

  /** {@code PTE_WRITE} is the DBM bit. */
  private static final long WRITE = 1L << 51;

  static final long CONTIGUOUS = 1L << 52;
  private static final long PRIVILEGED_NO_EXECUTE = 1L << 53;

  /** POIndex: three bits that select a field of POR_EL1. */
  private static final int KEY_SHIFT = 60;

  private static final long KEYS = 7L << KEY_SHIFT;

  private final KernelMapping mapping;
  private final PageTables tables;
  private final TlbShootdown shootdown;
  private final KernelLayout layout;
  private final LeafRange leaves;

  LinearMapAttributes(KernelMapping mapping) {
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
    long bytes = pages * pageBytes();
    long set = set(what);
    long clear = clear(what);
    if (what == AttributeChange.NOT_PRESENT
        || what == AttributeChange.NOT_PRESENT_NO_ALIAS
        || what == AttributeChange.PRESENT) {
      return changeCommon(cpu, va, bytes, set, clear);
    }
    if (!isPageMappedVmalloc(cpu, va, bytes)) {
      return -Errno.EINVAL;
    }
    boolean aliasToo =
        mapping.policy().protectsLinearAlias()
            && (what == AttributeChange.READ_ONLY || what == AttributeChange.READ_WRITE);
    for (long at = va; aliasToo && at != va + bytes; at += pageBytes()) {
      long slot = tables.lookup(cpu, mapping.rootPa(), at);
      long alias = layout.directVa(tables.leafPa(tables.readEntry(cpu, EntrySlot.pa(slot)), 1));
      int error = changeCommon(cpu, alias, pageBytes(), set, clear);
      if (error != 0) {
        return error;
      }
    }
    return changeCommon(cpu, va, bytes, set, clear);
  }

  @Override
  public int changeDirect(Cpu cpu, AttributeChange what, long va, long pages, boolean whole) {
    if (!mapping.policy().canSetDirectMap()) {
      return 0;
    }
    long bytes = pages * pageBytes();
    if (whole) {
      boolean valid = what == AttributeChange.DIRECT_DEFAULT;
      return change(cpu, valid ? AttributeChange.PRESENT : AttributeChange.NOT_PRESENT, va, pages);
    }
    return changeBits(cpu, va, bytes, set(what), clear(what));
  }

  @Override
  public int changeKey(Cpu cpu, int key, long va, long pages) {
    if (!mapping.policy().canSetDirectMap()) {
      return -Errno.EINVAL;
    }
    long set = (long) key << KEY_SHIFT;
    return changeCommon(cpu, va, pages * pageBytes(), set, KEYS & ~set);
  }

  private long pageBytes() {
    return tables.format().levelBytes(1);
  }

  private long set(AttributeChange what) {
    return switch (what) {
      case READ_ONLY -> READ_ONLY;
      case READ_WRITE -> WRITE;
      case NOT_EXECUTABLE -> PRIVILEGED_NO_EXECUTE;
      case PRESENT -> mapping.isGlobal() ? VALID : VALID | NOT_GLOBAL;
      case DIRECT_DEFAULT -> (mapping.isGlobal() ? VALID : VALID | NOT_GLOBAL) | WRITE;
      case NOT_PRESENT, NOT_PRESENT_NO_ALIAS, DIRECT_INVALID -> NOT_GLOBAL;
      case EXECUTABLE, READ_ONLY_EXECUTABLE -> 0;
      case BASE_PAGES, NOT_GLOBAL, GLOBAL ->
          throw new IllegalArgumentException(what + " does not exist on arm64");
    };
  }

  private long clear(AttributeChange what) {
    return switch (what) {
      case READ_ONLY -> WRITE;
      case READ_WRITE -> READ_ONLY;
      case EXECUTABLE -> PRIVILEGED_NO_EXECUTE;
      case PRESENT -> mapping.isGlobal() ? NOT_GLOBAL : 0;
      case DIRECT_DEFAULT -> (mapping.isGlobal() ? NOT_GLOBAL : 0) | READ_ONLY;
      case NOT_PRESENT, NOT_PRESENT_NO_ALIAS, DIRECT_INVALID -> VALID;
      default -> 0;
    };
  }

  /** Models {@code __change_memory_common()}: bits, then a flush unless pages only became valid. */
  private int changeCommon(Cpu cpu, long va, long bytes, long set, long clear) {
    int error = changeBits(cpu, va, bytes, set, clear);
    boolean onlyValidates = (set & VALID) != 0;
    if (!onlyValidates) {
      shootdown.flushKernelRange(cpu, va, va + bytes);
    }
    return error;
  }

  private int changeBits(Cpu cpu, long va, long bytes, long set, long clear) {
    int error = split(cpu, va, va + bytes);
    return error != 0 ? error : leaves.apply(cpu, va, va + bytes, set, clear);
  }

  private boolean isPageMappedVmalloc(Cpu cpu, long va, long bytes) {
    if (!layout.inVmalloc(va) || !layout.inVmalloc(va + bytes - 1)) {
      return false;
    }
    for (long at = va; at != va + bytes; at += pageBytes()) {
      long slot = tables.lookup(cpu, mapping.rootPa(), at);
      if (EntrySlot.level(slot) != 1 || tables.readEntry(cpu, EntrySlot.pa(slot)) == 0) {
        return false;
      }
    }
    return true;
  }

  /** Models {@code split_kernel_leaf_mapping()}. */
  private int split(Cpu cpu, long from, long to) {
    if (!mapping.policy().liveSplit()) {
      return 0;
    }
    int error = acquireForSplit(cpu);
    if (error != 0) {
      return error;
    }
    tables.enterRun(cpu);
    if (to - from == pageBytes()) {
      // The less aligned end lies deeper, so splitting there frees the other end too.
      boolean fromIsDeeper = Long.numberOfTrailingZeros(from) < Long.numberOfTrailingZeros(to);
      error = splitAt(cpu, fromIsDeeper ? from : to);
    } else {
      error = splitAt(cpu, from);
      error = error != 0 ? error : splitAt(cpu, to);
    }
    tables.leaveRun(cpu);
    mapping.attributeLock().release(cpu);
    return error;
  }

  /**
   * Takes the lock with tables in reserve: what was prepared without it may be gone by then, so it
   * looks again and starts over (v6 16/30).
   */
  private int acquireForSplit(Cpu cpu) {
    SplitReserve reserve = mapping.splitReserve();
    for (int round = 0; round < KernelMapping.SPLIT_ROUNDS_MAX; round++) {
      int error = reserve.prepareSplit(cpu);
      if (error != 0) {
        return error;
      }
      mapping.attributeLock().acquire(cpu);
      if (reserve.isReadyForSplit(cpu)) {
        return 0;
      }
      mapping.attributeLock().release(cpu);
    }
    return -Errno.EAGAIN;
  }

  /** Makes {@code va} a boundary between leaves, coarse to fine. */
  private int splitAt(Cpu cpu, long va) {
    int top = Math.min(3, tables.format().topLevel());
    for (int level = top; level >= 1; level--) {
      if ((va & tables.format().levelBytes(level) * groupEntries(level) - 1) == 0) {
        return 0;
      }
      long slot = tables.entryAt(cpu, mapping.rootPa(), va, level);
      if (slot == EntrySlot.NONE) {
        return 0;
      }
      long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
      if (entry == 0) {
        return 0;
      }
      boolean isLeaf = level == 1 || (entry & NOT_BLOCK) == 0;
      if (isLeaf && (entry & CONTIGUOUS) != 0) {
        breakGroup(cpu, slot);
      }
      if ((va & tables.format().levelBytes(level) - 1) == 0) {
        return 0;
      }
      if (isLeaf && level > 1) {
        int error = splitBlock(cpu, va, slot);
        if (error != 0) {
          return error;
        }
      }
    }
    return 0;
  }

  private long groupEntries(int level) {
    return mapping.policy().contiguousHint() ? contiguousEntries(tables, level) : 1;
  }

  /** Entries that one contiguous group holds at {@code level}; 1 where there is no such group. */
  static long contiguousEntries(PageTables tables, int level) {
    int shift = tables.format().pageShift();
    return switch (level) {
      case 1 -> shift == 12 ? 16 : shift == 14 ? 128 : 32;
      case 2 -> shift == 12 ? 16 : 32;
      default -> 1;
    };
  }

  private void breakGroup(Cpu cpu, long slot) {
    long entries = contiguousEntries(tables, EntrySlot.level(slot));
    long firstPa = EntrySlot.pa(slot) & -(entries * 8);
    for (int i = 0; i < entries; i++) {
      long entry = tables.readEntry(cpu, firstPa + i * 8L);
      tables.writeEntry(cpu, firstPa + i * 8L, entry & ~CONTIGUOUS);
    }
  }

  private int splitBlock(Cpu cpu, long va, long slot) {
    int level = EntrySlot.level(slot);
    long tablePa = mapping.allocateSplitTable(cpu, level - 1);
    if (tablePa == TableSource.NONE) {
      return -Errno.ENOMEM;
    }
    long piece = tables.readEntry(cpu, EntrySlot.pa(slot)) & ~CONTIGUOUS;
    if (level - 1 == 1) {
      piece |= NOT_BLOCK;
    }
    if (groupEntries(level - 1) > 1) {
      piece |= CONTIGUOUS;
    }
    long pieceBytes = tables.format().levelBytes(level - 1);
    long pieces = tables.format().levelBytes(level) / pieceBytes;
    for (int i = 0; i < pieces; i++) {
      tables.writeUnpublished(cpu, tablePa + i * 8L, piece + i * pieceBytes);
    }
    mapping.countSplit(va, level, pieces);
    tables.writeEntry(cpu, EntrySlot.pa(slot), tables.kernelTable(tablePa, level));
    long blockVa = va & -tables.format().levelBytes(level);
    mapping.record(cpu, KernelEvent.DIRECT_MAP_SPLIT, blockVa, level, tablePa);
    return 0;
  }
}
