package org.pagewright.kernel.directmap;

import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.LockClass;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.hardware.cpu.RwSemaphore;
import org.pagewright.hardware.cpu.SpinLock;
import org.pagewright.hardware.memory.MemoryMap;
import org.pagewright.kernel.arch.ArchPolicy;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.arch.KernelLayout;
import org.pagewright.kernel.pgtable.PageTables;
import org.pagewright.kernel.pgtable.TableSource;
import org.pagewright.kernel.tlbflush.TlbShootdown;

/**
 * What all rules for kernel mappings share: the kernel's root, the mapped frames, locks, counters
 * and the source of table pages for splits.
 */
final class KernelMapping {
  /** A leaf of 512G would take four splits to reach 4K; more rounds mean that nothing moves. */
  static final int SPLIT_ROUNDS_MAX = 64;

  /**
   * Splits inside the allocation of a split's table. None is needed when protected tables are in
   * stock; a kernel that gets so deep would never end, so the model ends it.
   */
  static final int SPLIT_DEPTH_MAX = 8;

  private static final int LEVELS = 8;
  private static final LockClass CPA_LOCK = new LockClass("cpa_lock");
  private static final int CPA_LOCK_IDENTITY = 1;

  /** Identity of {@code pgd_lock} in steps and events. */
  static final int PGD_LOCK_IDENTITY = 2;

  private static final LockClass PGD_LOCK = new LockClass("pgd_lock");
  private static final LockClass MMAP_LOCK = new LockClass("init_mm.mmap_lock");
  private static final int MMAP_LOCK_IDENTITY = 3;

  private final PageTables tables;
  private final TlbShootdown shootdown;
  private final KernelLayout layout;
  private final ArchPolicy policy;
  private final EventLog events;
  private final long rootPa;
  private final boolean isGlobal;
  private final SpinLock attributeLock;
  private final SpinLock tableLock;
  private final RwSemaphore mmapLock;
  private final long[] mappedFrom;
  private final long[] mappedTo;
  private TableSource splitTables;
  private SplitReserve splitReserve = SplitReserve.NONE;

  private final long[] leaves = new long[LEVELS];
  private final long[] splits = new long[LEVELS];
  private final long[] collapses = new long[LEVELS];
  private long splitFailures;
  private long splitRaces;
  private long writeAndExecute;
  private final int[] splitDepth;
  private int splitDepthMax;

  KernelMapping(
      KernelTables kernel, TlbShootdown shootdown, Machine machine, TableSource splitTables) {
    this.tables = kernel.tables();
    this.shootdown = shootdown;
    this.layout = kernel.layout();
    this.policy = kernel.policy();
    this.events = machine.events();
    this.rootPa = kernel.rootPa();
    this.isGlobal = kernel.global();
    this.splitTables = splitTables;
    this.splitDepth = new int[machine.cpus()];
    this.attributeLock = new SpinLock(CPA_LOCK, CPA_LOCK_IDENTITY);
    this.tableLock = new SpinLock(PGD_LOCK, PGD_LOCK_IDENTITY);
    this.mmapLock = new RwSemaphore(MMAP_LOCK, MMAP_LOCK_IDENTITY);
    MemoryMap mapped = kernel.mapped();
    mappedFrom = new long[mapped.ranges().size()];
    mappedTo = new long[mappedFrom.length];
    for (int i = 0; i < mappedFrom.length; i++) {
      mappedFrom[i] = mapped.ranges().get(i).from();
      mappedTo[i] = mapped.ranges().get(i).to();
    }
    long[] leavesAtBoot = kernel.leaves();
    System.arraycopy(leavesAtBoot, 0, leaves, 0, leavesAtBoot.length);
  }

  PageTables tables() {
    return tables;
  }

  TlbShootdown shootdown() {
    return shootdown;
  }

  KernelLayout layout() {
    return layout;
  }

  ArchPolicy policy() {
    return policy;
  }

  EventLog events() {
    return events;
  }

  long rootPa() {
    return rootPa;
  }

  /** Whether kernel mappings are global on this machine, which page-table isolation forbids. */
  boolean isGlobal() {
    return isGlobal;
  }

  /** Models {@code cpa_lock}; on riscv the lock around splitting. */
  SpinLock attributeLock() {
    return attributeLock;
  }

  /** Models {@code pgd_lock}. */
  SpinLock tableLock() {
    return tableLock;
  }

  /** Models {@code init_mm.mmap_lock}. */
  RwSemaphore mmapLock() {
    return mmapLock;
  }

  void replaceSplitTables(TableSource source) {
    splitTables = source;
  }

  TableSource splitTables() {
    return splitTables;
  }

  void setSplitReserve(SplitReserve reserve) {
    splitReserve = reserve;
  }

  /** What promises that a split finds its tables. */
  SplitReserve splitReserve() {
    return splitReserve;
  }

  /** Takes a table of {@code level} for a split; the allocation may come back here. */
  long allocateSplitTable(Cpu cpu, int level) {
    int depth = ++splitDepth[cpu.id()];
    splitDepthMax = Math.max(splitDepthMax, depth);
    record(cpu, KernelEvent.SPLIT_BEGINS, level, depth, 0);
    long tablePa =
        depth > SPLIT_DEPTH_MAX
            ? TableSource.NONE // the stack would end
            : tables.allocateTable(cpu, level, splitTables);
    record(cpu, KernelEvent.SPLIT_HAS_TABLE, level, depth, tablePa);
    splitDepth[cpu.id()]--;
    if (tablePa == TableSource.NONE) {
      splitFailures++;
    }
    return tablePa;
  }

  /** Gives back a table that lost the race for its leaf. */
  void freeSplitTable(Cpu cpu, long tablePa, int level) {
    splitRaces++;
    tables.freeTable(cpu, tablePa, level, splitTables);
  }

  /** Gives back a table that a collapse took out of use, after the flush. */
  void freeCollapsedTable(Cpu cpu, long tablePa, int level) {
    tables.freeTable(cpu, tablePa, level, splitTables);
  }

  /** Whether {@code pa} is RAM that the direct map covers. Models {@code pfn_range_is_mapped}. */
  boolean isMappedRam(long pa) {
    int low = 0;
    int high = mappedFrom.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (pa < mappedFrom[middle]) {
        high = middle - 1;
      } else if (pa >= mappedTo[middle]) {
        low = middle + 1;
      } else {
        return true;
      }
    }
    return false;
  }

  /** Something done to each range of addresses in turn. */
  interface RangeWork {
    /** Returns 0 or a negative error, which ends it. */
    int run(long from, long to);
  }

  /** Does {@code work} on each mapped range of the direct map; returns its first error. */
  int forEachMappedRange(RangeWork work) {
    for (int i = 0; i < mappedFrom.length; i++) {
      int error = work.run(layout.directVa(mappedFrom[i]), layout.directVa(mappedTo[i]));
      if (error != 0) {
        return error;
      }
    }
    return 0;
  }

  /** Whether {@code va} lies in the direct map below the end of the highest mapped range. */
  boolean isBelowLastMapped(long va) {
    long pa = va - layout.directMapBase();
    return pa >= 0 && pa < mappedTo[mappedTo.length - 1];
  }

  /** Counts the split of a leaf of {@code level}, if it maps RAM in the direct map. */
  void countSplit(long va, int level) {
    countSplit(va, level, tables.format().level(level - 1).entries());
  }

  void countSplit(long va, int level, long pieces) {
    if (countsAt(va)) {
      leaves[level]--;
      leaves[level - 1] += pieces;
      splits[level]++;
    }
  }

  /** Counts the merge of a table of pieces into one leaf of {@code level}. */
  void countCollapse(long va, int level) {
    if (countsAt(va)) {
      leaves[level]++;
      leaves[level - 1] -= tables.format().level(level - 1).entries();
      collapses[level]++;
    }
  }

  private boolean countsAt(long va) {
    return layout.inDirectMap(va) && isMappedRam(layout.directPa(va));
  }

  void countWriteAndExecute() {
    writeAndExecute++;
  }

  void record(Cpu cpu, int kind, long a, long b, long c) {
    assert !KernelEvent.name(kind).isEmpty();
    events.record(kind, cpu.id(), a, b, c);
  }

  long leaves(int level) {
    return leaves[level];
  }

  long splits(int level) {
    return splits[level];
  }

  long collapses(int level) {
    return collapses[level];
  }

  long splitFailures() {
    return splitFailures;
  }

  long splitRaces() {
    return splitRaces;
  }

  long writeAndExecute() {
    return writeAndExecute;
  }

  int splitDepthMax() {
    return splitDepthMax;
  }
}
