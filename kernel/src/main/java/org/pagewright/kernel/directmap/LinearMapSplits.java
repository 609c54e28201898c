package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.Mutex;
import org.pagewright.kernel.arch.Errno;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.pgtable.EntrySlot;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;

/**
 * When and how arm64 splits leaves of the linear map. Models {@code split_kernel_leaf_mapping()},
 * {@code arch_kfence_init_pool()} and {@code linear_map_maybe_split_to_ptes()}
 * (arch/arm64/mm/mmu.c, Linux 6.18 to 7.1).
 */
final class LinearMapSplits {
  /*
   * What Linux does: with BBML2 a block at an edge of a range is split step by step: block, group
   * of contiguous blocks, block, group of contiguous pages, page; a step that is aligned already
   * ends it. Nothing is flushed for the split, and nothing is ever merged. All of it happens under
   * a mutex; regions that are mapped by pages do not come so far, because DEBUG_PAGEALLOC and
   * KFENCE change them where sleeping is forbidden. A CPU that lacks BBML2 must never meet a leaf
   * and a table for the same addresses: once all CPUs are known, and one lacks it, the boot CPU
   * splits the whole map while the others walk no table of the kernel.
   *
   * What this does: the same, by the rules of a SplitRules.
   *
   * What is left out: the alias of the kernel image, which keeps its blocks; the warning that
   * comes with a refusal at boot.
   */

  private static final long NOT_BLOCK = 1L << 1;
  static final long CONTIGUOUS = 1L << 52;
  private static final int LOCK_IDENTITY = 6;

  private final KernelMapping mapping;
  private final PageTables tables;
  private final SplitRules rules;
  private final Mutex lock = new Mutex("pgtable_split_lock", LOCK_IDENTITY);
  private BootPhase phase = BootPhase.FINAL;

  /** Whether every leaf of the map is a page. */
  private boolean isPageMapped;

  /** KFENCE's pool, {@code [from, to)} of the linear map. */
  private long poolFrom;

  private long poolTo;

  LinearMapSplits(KernelMapping mapping, DirectMapConfig config) {
    this.mapping = mapping;
    this.tables = mapping.tables();
    this.rules = config.splitting();
    this.isPageMapped = config.largestLeafLevel() == 1 || mapping.policy().forcesBasePages();
  }

  void enter(BootPhase next) {
    phase = next;
  }

  /** Whether a change may have to take the lock. */
  boolean mayLock() {
    return mapping.policy().liveSplit() && !(rules.skipsPageMapped() && isPageMapped);
  }

  /** Makes the ends of {@code [from, to)} boundaries between leaves, if that is allowed. */
  int split(Cpu cpu, long from, long to) {
    boolean skips = rules.skipsPageMapped() && (isPageMapped || isInPool(from));
    if (skips || !mapping.policy().liveSplit() || isKnownToBeUnsafe(cpu)) {
      return 0;
    }
    if (phase != BootPhase.FINAL) {
      switch (rules.refusal()) {
        case UNTIL_FINAL -> {
          return 0; // whoever changes part of a leaf warns
        }
        case WHILE_UNSURE -> {
          if (phase != BootPhase.BOOT_CPU) {
            return -Errno.EBUSY;
          }
        }
        case NEVER -> {}
      }
    }
    int error = acquireForSplit(cpu);
    if (error != 0) {
      return error;
    }
    tables.enterRun(cpu);
    error = splitEnds(cpu, from, to);
    tables.leaveRun(cpu);
    lock.release(cpu);
    return error;
  }

  /**
   * Takes the lock with tables in reserve: what was prepared without it may be gone by then, so it
   * looks again and starts over (kpkeys v6 16/30).
   */
  private int acquireForSplit(Cpu cpu) {
    SplitReserve reserve = mapping.splitReserve();
    for (int round = 0; round < KernelMapping.SPLIT_ROUNDS_MAX; round++) {
      int error = reserve.prepareSplit(cpu);
      if (error != 0) {
        return error;
      }
      lock.acquire(cpu);
      if (reserve.isReadyForSplit(cpu)) {
        return 0;
      }
      lock.release(cpu);
    }
    return -Errno.EAGAIN;
  }

  private boolean isInPool(long va) {
    return va >= poolFrom && va < poolTo;
  }

  /** Models {@code !system_supports_bbml2_noabort()} once capabilities are final. */
  private boolean isKnownToBeUnsafe(Cpu cpu) {
    return phase == BootPhase.FINAL && !allTolerate(cpu.machine());
  }

  private static boolean allTolerate(Machine machine) {
    for (int i = 0; i < machine.cpus(); i++) {
      Cpu cpu = machine.cpu(i);
      if (cpu.isOnline() && !cpu.toleratesLiveSplits()) {
        return false;
      }
    }
    return true;
  }

  private int splitEnds(Cpu cpu, long from, long to) {
    if (to - from == tables.format().levelBytes(1)) {
      // The less aligned end lies deeper, so splitting there frees the other end too.
      boolean fromIsDeeper = Long.numberOfTrailingZeros(from) < Long.numberOfTrailingZeros(to);
      return splitAt(cpu, fromIsDeeper ? from : to);
    }
    int error = splitAt(cpu, from);
    return error != 0 ? error : splitAt(cpu, to);
  }

  /**
   * Takes note of a pool of KFENCE that came from the page allocator, where it may be mapped by
   * larger leaves. Models {@code arch_kfence_init_pool()}.
   */
  int addLatePool(Cpu cpu, long from, long to) {
    poolFrom = from;
    poolTo = to;
    if (!rules.splitsLatePool() || isPageMapped) {
      return 0;
    }
    lock.acquire(cpu);
    int error = splitToPages(cpu, from, to);
    lock.release(cpu);
    return error;
  }

  /** All CPUs are up, and what they can do is known. */
  int finishBoot(Cpu cpu) {
    phase = BootPhase.FINAL;
    if (isPageMapped || !mapping.policy().liveSplit() || allTolerate(cpu.machine())) {
      return 0;
    }
    Machine machine = cpu.machine();
    boolean[] wasOnline = stopOthers(cpu);
    int error = mapping.forEachMappedRange((from, to) -> splitToPages(cpu, from, to));
    mapping.shootdown().flushAll(cpu);
    for (int i = 0; i < machine.cpus(); i++) {
      machine.cpu(i).setOnline(wasOnline[i]);
    }
    isPageMapped = error == 0;
    return error;
  }

  /** Models {@code stop_machine()} with the others on an identity map. */
  private static boolean[] stopOthers(Cpu cpu) {
    Machine machine = cpu.machine();
    boolean[] wasOnline = new boolean[machine.cpus()];
    for (int i = 0; i < machine.cpus(); i++) {
      wasOnline[i] = machine.cpu(i).isOnline();
      machine.cpu(i).setOnline(i == cpu.id());
    }
    return wasOnline;
  }

  /** Leaves no leaf above the lowest level, and no group. Models {@code range_split_to_ptes()}. */
  private int splitToPages(Cpu cpu, long from, long to) {
    long tableBytes = tables.format().levelBytes(2);
    for (long va = from; va < to; va = (va & -tableBytes) + tableBytes) {
      long slot = tables.lookup(cpu, mapping.rootPa(), va);
      while (EntrySlot.level(slot) > 1 && tables.readEntry(cpu, EntrySlot.pa(slot)) != 0) {
        int error = splitBlock(cpu, va, slot);
        if (error != 0) {
          return error;
        }
        slot = tables.lookup(cpu, mapping.rootPa(), va);
      }
      breakGroups(cpu, slot);
    }
    return 0;
  }

  private void breakGroups(Cpu cpu, long slot) {
    long tablePa = EntrySlot.pa(slot) & -tables.format().tableBytes(1);
    long groupBytes = contiguousEntries(tables, 1) * Long.BYTES;
    for (long at = tablePa; at < tablePa + tables.format().tableBytes(1); at += groupBytes) {
      if ((tables.readEntry(cpu, at) & CONTIGUOUS) != 0) {
        breakGroup(cpu, EntrySlot.of(at, 1));
      }
    }
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
