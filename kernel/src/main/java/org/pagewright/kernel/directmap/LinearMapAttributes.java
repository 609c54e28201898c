package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * arm64's rules for changing attributes of kernel mappings. Models {@code arch/arm64/mm/pageattr.c}
 * and {@code split_kernel_leaf_mapping()} of {@code mmu.c} (Linux 7.0).
 */
final class LinearMapAttributes implements AttributeChanger {
  /*
   * What Linux does: set_memory_{ro,rw,x,nx} work on vmalloc areas mapped by pages only, and with
   * rodata=full they change the linear alias of each page too. The linear map itself is changed
   * by set_memory_valid and set_direct_map_*, after leaves at its edges were split where they may
   * be. What sticks out of the range all the same is warned of and refused.
   *
   * What this does: the same, with the contiguous groups of each granule. An invalidated entry
   * keeps its address and carries the "present-invalid" mark (the nG position), as in Linux 7.3;
   * 7.0 clears the valid bit alone.
   *
   * What is left out: guarded pages (BTI), realms, memory tagging.
   */

  static final long VALID = 1L;
  private static final long READ_ONLY = 1L << 7;

  /** nG while valid; "present, but not valid" otherwise. */
  private static final long NOT_GLOBAL = 1L << 11;

  /** {@code PTE_WRITE} is the DBM bit. */
  private static final long WRITE = 1L << 51;

  private static final long PRIVILEGED_NO_EXECUTE = 1L << 53;

  /** POIndex: three bits that select a field of POR_EL1. */
  private static final int KEY_SHIFT = 60;

  private static final long KEYS = 7L << KEY_SHIFT;

  private final KernelMapping mapping;
  private final PageTables tables;
  private final TlbShootdown shootdown;
  private final KernelLayout layout;
  private final LeafRange leaves;
  private final LinearMapSplits splits;

  LinearMapAttributes(KernelMapping mapping, LinearMapSplits splits) {
    this.mapping = mapping;
    this.tables = mapping.tables();
    this.shootdown = mapping.shootdown();
    this.layout = mapping.layout();
    this.leaves = new LeafRange(mapping);
    this.splits = splits;
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
    int error = splits.split(cpu, va, va + bytes);
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
}
