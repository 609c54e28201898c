package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.directmap.DirectMapConfig.AttributeFlush;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * x86's rules for changing attributes of kernel mappings. Models {@code change_page_attr_set_clr()}
 * (arch/x86/mm/pat/set_memory.c; Linux 6.12, 7.0 and 7.3).
 */
@SuppressWarnings("EnumOrdinal") // masks are looked up by the verb
final class ChangePageAttributes implements AttributeChanger {
  /*
   * What Linux does: one page, or one large page, at a time under cpa_lock it finds the entry,
   * keeps a large entry where the request covers it or changes nothing, and otherwise splits it
   * one level and looks again. Splitting drops the lock to allocate, checks that nothing moved,
   * publishes the table and flushes everything everywhere before any attribute differs. Then
   * aliases follow: the direct map's when another address was given, the kernel image's when the
   * frame is part of it.
   *
   * What this does: the same steps in the same order, with the locks of the model, so that
   * schedules and failing allocations meet the same states.
   *
   * What is left out: cache modes (and CLFLUSH, WBINVD), memory encryption, explicit page-table
   * roots (EFI), lazily freed vmalloc ranges (vm_unmap_aliases has nothing to do here), 32-bit
   * kernels that do not share kernel tables. The W^X note looks at the leaf alone, because kernel
   * tables of upper levels always allow both.
   */

  private static final long[] SET = new long[AttributeChange.values().length];
  private static final long[] CLEAR = new long[AttributeChange.values().length];

  static {
    row(AttributeChange.READ_ONLY, 0, X86Entry.WRITE | X86Entry.DIRTY);
    row(AttributeChange.READ_WRITE, X86Entry.WRITE, 0);
    row(
        AttributeChange.READ_ONLY_EXECUTABLE,
        0,
        X86Entry.WRITE | X86Entry.DIRTY | X86Entry.NO_EXECUTE);
    row(AttributeChange.EXECUTABLE, 0, X86Entry.NO_EXECUTE);
    row(AttributeChange.NOT_EXECUTABLE, X86Entry.NO_EXECUTE, 0);
    row(AttributeChange.NOT_PRESENT, 0, X86Entry.PRESENT);
    row(AttributeChange.NOT_PRESENT_NO_ALIAS, 0, X86Entry.PRESENT);
    row(AttributeChange.PRESENT, X86Entry.PRESENT, 0);
    row(AttributeChange.BASE_PAGES, X86Entry.KERNEL_4K, 0);
    row(AttributeChange.NOT_GLOBAL, 0, X86Entry.GLOBAL);
    row(AttributeChange.GLOBAL, X86Entry.GLOBAL, 0);
    row(AttributeChange.DIRECT_INVALID, 0, X86Entry.PRESENT | X86Entry.WRITE | X86Entry.DIRTY);
    row(AttributeChange.DIRECT_DEFAULT, X86Entry.PRESENT | X86Entry.WRITE, 0);
  }

  private final KernelMapping mapping;
  private final PageTables tables;
  private final TlbShootdown shootdown;
  private final KernelLayout layout;
  private final KernelImage image;
  private final DirectMapConfig config;
  private final StaticProtections protections;
  private final LeafCollapse collapse;

  ChangePageAttributes(KernelMapping mapping, KernelImage image, DirectMapConfig config) {
    this.mapping = mapping;
    this.tables = mapping.tables();
    this.shootdown = mapping.shootdown();
    this.layout = mapping.layout();
    this.image = image;
    this.config = config;
    this.protections = new StaticProtections(layout, image);
    this.collapse = new LeafCollapse(mapping, config);
  }

  private static void row(AttributeChange what, long set, long clear) {
    SET[what.ordinal()] = set;
    CLEAR[what.ordinal()] = clear;
  }

  @Override
  public int change(Cpu cpu, AttributeChange what, long va, long pages) {
    boolean checksAlias = what != AttributeChange.NOT_PRESENT_NO_ALIAS;
    return changeAndFlush(
        cpu, request(new long[] {va}, pages, what, checksAlias, /* scattered= */ false), what);
  }

  /** The same for pages that lie anywhere. Models the {@code CPA_ARRAY} form. */
  int changeScattered(Cpu cpu, AttributeChange what, long[] vas) {
    return changeAndFlush(
        cpu, request(vas, vas.length, what, /* checksAlias= */ true, /* scattered= */ true), what);
  }

  @Override
  public int changeDirect(Cpu cpu, AttributeChange what, long va, long pages, boolean whole) {
    CpaRequest request =
        request(new long[] {va}, pages, what, /* checksAlias= */ false, /* scattered= */ false);
    int error = changeAll(cpu, request, /* primary= */ true);
    if (error == 0 && config.collapse() == DirectMapConfig.Collapse.ALWAYS) {
      collapse.collapse(cpu, va, pages);
    }
    return error;
  }

  @Override
  public int changeKey(Cpu cpu, int key, long va, long pages) {
    long set = (long) key << X86Entry.KEY_SHIFT;
    CpaRequest request =
        new CpaRequest(
            new long[] {va},
            pages,
            set,
            X86Entry.KEYS & ~set,
            /* checksAlias= */ false,
            /* scattered= */ false,
            /* forcesSplit= */ false);
    // One direction only: a protected page is never collapsed into a larger leaf.
    return changeAndFlush(cpu, request, AttributeChange.BASE_PAGES);
  }

  /** From here on text and read-only data stay read-only. */
  void setReadOnly() {
    protections.setReadOnly();
  }

  private CpaRequest request(
      long[] vas, long pages, AttributeChange what, boolean checksAlias, boolean scattered) {
    long set = SET[what.ordinal()];
    if (config.keepGlobal() && (set & X86Entry.PRESENT) != 0 && mapping.isGlobal()) {
      set |= X86Entry.GLOBAL;
    }
    return new CpaRequest(
        vas,
        pages,
        set,
        CLEAR[what.ordinal()],
        checksAlias,
        scattered,
        what == AttributeChange.BASE_PAGES);
  }

  private int changeAndFlush(Cpu cpu, CpaRequest request, AttributeChange what) {
    int error = changeAll(cpu, request, /* primary= */ true);
    if (request.changed) {
      if (error != 0) {
        shootdown.flushAll(cpu);
      } else {
        flush(cpu, request);
      }
    }
    if (error == 0 && !request.scattered && collapses(what)) {
      collapse.collapse(cpu, request.vas[0], request.pages);
    }
    return error;
  }

  private boolean collapses(AttributeChange what) {
    return switch (config.collapse()) {
      case NEVER -> false;
      case READ_ONLY_EXECUTABLE -> what == AttributeChange.READ_ONLY_EXECUTABLE;
      case ALWAYS -> what != AttributeChange.BASE_PAGES;
    };
  }

  /** Models {@code cpa_flush()}. */
  private void flush(Cpu cpu, CpaRequest request) {
    if (request.touchedAlias) {
      shootdown.flushAll(cpu);
    } else if (config.flush() == AttributeFlush.RANGE) {
      long from = request.va(0);
      shootdown.flushKernelRange(cpu, from, from + (request.pages << 12));
    } else if (request.pages > mapping.policy().singleFlushPages()) {
      shootdown.flushAll(cpu);
    } else if (request.scattered) {
      shootdown.flushKernelPages(cpu, request.vas);
    } else {
      long from = request.va(0);
      shootdown.flushKernelRange(cpu, from, from + (request.pages << 12));
    }
  }

  /** Models {@code __change_page_attr_set_clr()}. */
  private int changeAll(Cpu cpu, CpaRequest request, boolean primary) {
    long left = request.pages;
    while (left > 0) {
      request.batch = request.scattered ? 1 : left;
      acquireLocks(cpu);
      int error = changeStep(cpu, request, primary);
      releaseLocks(cpu);
      if (error == 0 && primary && request.checksAlias) {
        error = changeAliases(cpu, request);
      }
      if (error != 0) {
        return error;
      }
      assert request.batch >= 1 && request.batch <= left : request.batch + " of " + left;
      left -= request.batch;
      request.position += request.batch;
    }
    return 0;
  }

  /** From Linux 7.3 on the tables that an entry is found in stay while it is changed. */
  private void acquireLocks(Cpu cpu) {
    if (config.locksTables()) {
      mapping.mmapLock().acquireShared(cpu);
    }
    mapping.attributeLock().acquire(cpu);
  }

  private void releaseLocks(Cpu cpu) {
    mapping.attributeLock().release(cpu);
    if (config.locksTables()) {
      mapping.mmapLock().releaseShared(cpu);
    }
  }

  /** Changes one page or one large page, splitting as often as needed. */
  private int changeStep(Cpu cpu, CpaRequest request, boolean primary) {
    long va = request.va();
    for (int round = 0; ; round++) {
      assert round <= KernelMapping.SPLIT_ROUNDS_MAX : "no progress at " + Long.toHexString(va);
      long slot = tables.lookup(cpu, mapping.rootPa(), va);
      long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
      if (entry == 0) {
        return changeNothing(cpu, request, va, primary);
      }
      if (EntrySlot.level(slot) == 1) {
        changeSmall(cpu, request, va, slot, entry);
        return 0;
      }
      if (!request.forcesSplit && keepsLarge(cpu, request, va, slot)) {
        return 0;
      }
      int error = split(cpu, request, va, slot);
      if (error != 0) {
        return error;
      }
    }
  }

  private void changeSmall(Cpu cpu, CpaRequest request, long va, long slot, long entry) {
    long old = X86Entry.flags(entry, 1);
    long pfn = X86Entry.pfn(entry, 1);
    long flags = (old & ~request.clear) | request.set;
    flags = protections.apply(flags, va, pfn, 1, /* largeBytes= */ 0, /* isLarge= */ false);
    noteWriteAndExecute(cpu, va, old, flags);
    long changed = X86Entry.entry(pfn, X86Entry.withoutGlobalUnlessPresent(flags));
    request.pfn = pfn;
    if (changed != entry) {
      tables.writeEntry(cpu, EntrySlot.pa(slot), changed);
      request.changed = true;
    }
    request.batch = 1;
  }

  /** Decides on a large entry, and changes it in place if it may stay. */
  private boolean keepsLarge(Cpu cpu, CpaRequest request, long va, long slot) {
    mapping.tableLock().acquire(cpu);
    boolean keeps = keepsLargeLocked(cpu, request, va, slot);
    mapping.tableLock().release(cpu);
    return keeps;
  }

  private boolean keepsLargeLocked(Cpu cpu, CpaRequest request, long va, long slot) {
    if (tables.lookup(cpu, mapping.rootPa(), va) != slot) {
      return false; // another CPU split it meanwhile; the split notices
    }
    int level = EntrySlot.level(slot);
    long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
    long largePages = X86Entry.pages(level);
    long largeBytes = largePages << 12;
    long largeVa = va & -largeBytes;
    long largePfn = X86Entry.pfn(entry, level);
    request.batch = Math.min(request.batch, (largeVa + largeBytes - va) >>> 12);
    request.pfn = largePfn + ((va - largeVa) >>> 12);

    long old = X86Entry.flags(entry, level);
    long wanted = (X86Entry.largeToSmall(old) & ~request.clear) | request.set;
    wanted = X86Entry.withoutGlobalUnlessPresent(X86Entry.smallToLarge(wanted));
    if (X86Entry.isPresent(wanted)) {
      wanted |= X86Entry.LARGE;
    }
    if (protections.apply(old, largeVa, largePfn, largePages, largeBytes, true) != old) {
      record(cpu, KernelEvent.STATIC_PROTECTION_CONFLICT, largeVa, entry, level);
      request.enforcesStatic = true;
      return false;
    }
    if (wanted == old) {
      return true;
    }
    if (va != largeVa || request.batch != largePages) {
      return false;
    }
    if (protections.apply(wanted, largeVa, largePfn, largePages, largeBytes, true) != wanted) {
      return false;
    }
    noteWriteAndExecute(cpu, largeVa, old, wanted);
    tables.writeEntry(cpu, EntrySlot.pa(slot), X86Entry.entry(largePfn, wanted));
    request.changed = true;
    return true;
  }

  /** Models {@code split_large_page()}: allocates without the lock, then looks again. */
  private int split(Cpu cpu, CpaRequest request, long va, long slot) {
    int below = EntrySlot.level(slot) - 1;
    releaseLocks(cpu);
    // Nothing is locked here, so that each split prepares for itself.
    int error = mapping.splitReserve().prepareSplit(cpu);
    long tablePa = error != 0 ? TableSource.NONE : mapping.allocateSplitTable(cpu, below);
    acquireLocks(cpu);
    if (tablePa == TableSource.NONE) {
      return -Errno.ENOMEM;
    }
    mapping.tableLock().acquire(cpu);
    boolean stillThere = tables.lookup(cpu, mapping.rootPa(), va) == slot;
    if (stillThere) {
      fillAndPublish(cpu, request, va, slot, tablePa);
    }
    mapping.tableLock().release(cpu);
    if (!stillThere) {
      mapping.freeSplitTable(cpu, tablePa, below);
    }
    return 0;
  }

  private void fillAndPublish(Cpu cpu, CpaRequest request, long va, long slot, long tablePa) {
    int level = EntrySlot.level(slot);
    long entry = tables.readEntry(cpu, EntrySlot.pa(slot));
    long flags = X86Entry.flags(entry, level);
    if (level == 2) {
      flags = X86Entry.largeToSmall(flags);
    } else if (!X86Entry.isPresent(flags)) {
      flags &= ~X86Entry.LARGE; // a large mark would make the piece look present
    }
    flags = X86Entry.withoutGlobalUnlessPresent(flags);
    long pieceBytes = X86Entry.pages(level - 1) << 12;
    long pieceVa = va & -(X86Entry.pages(level) << 12);
    long pfn = X86Entry.pfn(entry, level);
    tables.enterRun(cpu);
    for (int i = 0; i < 512; i++) {
      long piece = flags;
      if (request.enforcesStatic && level == 2) {
        piece = protections.apply(flags, pieceVa, pfn, 1, /* largeBytes= */ 0, true);
      }
      tables.writeUnpublished(cpu, tablePa + i * 8L, X86Entry.entry(pfn, piece));
      pfn += pieceBytes >>> 12;
      pieceVa += pieceBytes;
    }
    tables.leaveRun(cpu);
    mapping.countSplit(va, level);
    tables.writeEntry(cpu, EntrySlot.pa(slot), tables.kernelTable(tablePa, level));
    record(cpu, KernelEvent.DIRECT_MAP_SPLIT, va & -(X86Entry.pages(level) << 12), level, tablePa);
    shootdown.flushAll(cpu);
  }

  /** Models {@code __cpa_process_fault()}. */
  private int changeNothing(Cpu cpu, CpaRequest request, long va, boolean primary) {
    if (!primary || mapping.isBelowLastMapped(va)) {
      request.batch = 1;
      if (layout.inDirectMap(va)) {
        request.pfn = layout.directPa(va) >>> 12;
      }
      return 0;
    }
    if (!image.contains(request.pfn << 12)) {
      record(cpu, KernelEvent.ATTRIBUTES_OF_NOTHING, va, request.pages - request.position, 0);
    }
    return -Errno.EFAULT;
  }

  /** Models {@code cpa_process_alias()}. */
  private int changeAliases(Cpu cpu, CpaRequest request) {
    long pa = request.pfn << 12;
    if (!mapping.isMappedRam(pa)) {
      return 0;
    }
    long va = request.va();
    if (!mapping.isBelowLastMapped(va)) {
      request.touchedAlias = true;
      int error = changeAlias(cpu, request, layout.directVa(pa));
      if (error != 0) {
        return error;
      }
    }
    boolean isHigh = image.contains(va - layout.imageBase());
    if (!isHigh && image.contains(pa)) {
      request.touchedAlias = true;
      // The high mapping may have holes: its result is of no interest.
      int ignored = changeAlias(cpu, request, layout.imageBase() + pa);
      assert ignored <= 0 : ignored;
    }
    return 0;
  }

  private int changeAlias(Cpu cpu, CpaRequest request, long aliasVa) {
    CpaRequest alias = request.alias(aliasVa);
    if ((alias.set | alias.clear) == 0 && !alias.forcesSplit) {
      return 0;
    }
    // As in Linux, a change of the alias alone does not ask for a flush: only the primary's flag is
    // looked at afterwards.
    return changeAll(cpu, alias, /* primary= */ false);
  }

  private void noteWriteAndExecute(Cpu cpu, long va, long old, long flags) {
    boolean differs = ((old ^ flags) & (X86Entry.WRITE | X86Entry.NO_EXECUTE)) != 0;
    boolean both = (flags & (X86Entry.WRITE | X86Entry.NO_EXECUTE)) == X86Entry.WRITE;
    if (differs && both) {
      mapping.countWriteAndExecute();
      record(cpu, KernelEvent.WRITE_AND_EXECUTE, va, old, flags);
    }
  }

  private void record(Cpu cpu, int kind, long a, long b, long c) {
    mapping.events().record(kind, cpu.id(), a, b, c);
  }
}
