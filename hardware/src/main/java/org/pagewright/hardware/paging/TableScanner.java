package org.pagewright.hardware.paging;

import org.pagewright.hardware.memory.PhysicalMemory;

/**
 * Reads whole page tables and reports their mappings merged into runs: for dumps, images and
 * checks. Models the walk of {@code ptdump} (mm/ptdump.c), with the addresses added.
 */
public final class TableScanner {
  /*
   * A run grows while the next leaf has the same level and grants the same. Decoding every leaf
   * would cost several times the read, so a leaf that differs from the last one in its address bits
   * only, below the same restrictions, is taken as equal without being decoded.
   */

  /** When two neighbouring leaves belong to one run. */
  public enum Merge {
    /** Equal rights, key and memory type, and the addresses go on: runs as images list them. */
    BY_ADDRESS,
    /** Equal rights, key and memory type: runs as ptdump prints them. */
    BY_RIGHTS
  }

  /** Receives the runs in the order of their addresses. */
  public interface Sink {
    /**
     * A run of leaves.
     *
     * @param level of the leaves; runs of larger pages (contiguous, NAPOT) count as their leaves
     * @param first translation of the first leaf, with the rights that tables above left over
     * @param entry the first leaf as it stands in the table, for bits that {@code first} lacks
     */
    void run(long va, long bytes, int level, long first, long entry);

    /**
     * A range without translation.
     *
     * @param level of the entries that end the walk
     * @param fault a fault word without error code: not present, or what is wrong
     */
    default void hole(long va, long bytes, int level, long fault) {}
  }

  /** Accessed and dirty do not split runs: they say what happened, not what is allowed. */
  private static final long IGNORED =
      (long) (Rights.ACCESSED | Rights.DIRTY) << Translation.RIGHTS_SHIFT;

  private static final long ATTRIBUTES =
      ~((1L << Translation.RIGHTS_SHIFT) - 1) & Long.MAX_VALUE & ~IGNORED;

  /** What the scan is in the middle of. */
  private enum State {
    NOTHING,
    RUN,
    HOLE
  }

  private final PhysicalMemory memory;
  private final PteFormat format;
  private final Regime regime;
  private final Merge merge;
  private final Sink sink;

  private State state = State.NOTHING;
  private long runVa;
  private long runBytes;
  private int runLevel;

  /** Translation of the first leaf, or the fault word of a hole. */
  private long runFirst;

  /** The first leaf as it stands in the table. */
  private long firstEntry;

  /** The last leaf that was decoded, below tables that let {@code runLimits} through. */
  private long runEntry;

  private long runLimits;

  /** Where the next leaf has to point so that the addresses go on. */
  private long runNextPa;

  /** Level of leaves that may be compared as numbers; 0 when none may. */
  private int plainLevel;

  private TableScanner(
      PhysicalMemory memory, PteFormat format, Regime regime, Merge merge, Sink sink) {
    this.memory = memory;
    this.format = format;
    this.regime = regime;
    this.merge = merge;
    this.sink = sink;
  }

  /** Scans everything that the first root translates. */
  public static void scan(
      PhysicalMemory memory, PagingRegisters registers, Merge merge, Sink sink) {
    scan(memory, registers, /* root= */ 0, merge, sink);
  }

  /**
   * Scans everything that one root translates.
   *
   * @param root 0, or 1 for the second root (TTBR1, PGDH, kernel quadrant)
   */
  public static void scan(
      PhysicalMemory memory, PagingRegisters registers, int root, Merge merge, Sink sink) {
    PteFormat format = registers.format();
    boolean hasPdptes = format.has(PteFormat.Feature.PDPTE_REGISTERS);
    int first = hasPdptes || root == 0 ? 0 : registers.selectMask;
    int last = hasPdptes ? registers.selectMask : first;
    Regime regime = registers.regimes[first];
    TableScanner scanner = new TableScanner(memory, format, regime, merge, sink);
    for (int select = first; select <= last; select++) {
      long va = hasPdptes ? (long) select << registers.selectShift : regime.firstVa;
      scanner.scanRoot(registers.tables[select], va, format.topLevel());
    }
    scanner.flush();
  }

  private void scanRoot(long table, long va, int absentLevel) {
    Regime.Step top = regime.top;
    long entries = top.entries();
    if (table < 0) {
      hole(
          va,
          entries << top.bits.shift(),
          absentLevel,
          Translation.fault(FaultKind.NOT_PRESENT, absentLevel));
    } else if (regime.isSignExtended) {
      // The lower half of the top table maps the low addresses, the upper half the high ones.
      long half = entries / 2;
      scanTable(top, table, 0, WalkPath.NO_LIMITS, 0, half);
      flush();
      scanTable(top, table, -half << top.bits.shift(), WalkPath.NO_LIMITS, half, entries);
    } else {
      scanTable(top, table, va, WalkPath.NO_LIMITS, 0, entries);
    }
  }

  /** Scans the entries {@code [from, to)} of a table, the first of which maps {@code va}. */
  private void scanTable(Regime.Step step, long table, long va, long limits, long from, long to) {
    long bytes = 1L << step.bits.shift();
    long address = va;
    for (long i = from; i < to; i++) {
      long entryPa = table + i * Long.BYTES;
      long word = memory.readEntry(entryPa);
      long entry = regime.isPeculiar ? regime.fromMemory(word) : word;
      if (isSamePlainLeaf(step, entry, limits)) {
        grow(step, entry, address, bytes);
      } else if (step.isTable(entry)) {
        scanBelow(step, entry, address, limits);
      } else {
        scanUnlike(step, entryPa, address, limits);
      }
      address += bytes;
    }
  }

  private void scanBelow(Regime.Step step, long entry, long va, long limits) {
    long below = (entry & step.tableAddress) << regime.addressShift;
    scanTable(step.next, below, va, limits & (entry ^ regime.inverted), 0, step.next.entries());
  }

  /** True when only address bits set the entry apart from the first one of the run. */
  private boolean isSamePlainLeaf(Regime.Step step, long entry, long limits) {
    return ((entry ^ runEntry) & ~step.leafAddress) == 0
        && plainLevel == step.level
        && runLimits == limits;
  }

  private void grow(Regime.Step step, long entry, long va, long bytes) {
    long pa = (entry & step.leafAddress) << regime.addressShift;
    if (pa != runNextPa && merge == Merge.BY_ADDRESS) {
      long first = Translation.withPage(runFirst, pa, step.bits.shift());
      flush();
      start(va, bytes, step, first, entry);
      plainLevel = step.level;
    } else {
      runBytes += bytes;
    }
    runNextPa = pa + bytes;
  }

  /** An entry that is neither a plain table nor like the leaf before it. */
  private void scanUnlike(Regime.Step step, long entryPa, long va, long limits) {
    long entry = format.fromMemory(memory.read(entryPa));
    long bytes = 1L << step.bits.shift();
    FaultKind verdict = Walker.verdict(memory, step, entryPa, entry);
    if (verdict == null && step.bits.isTable(entry)) {
      scanBelow(step, entry, va, limits);
      return;
    }
    long leaf =
        verdict == null ? regime.leaf(step, entry, limits) : Translation.fault(verdict, step.level);
    if (leaf < 0) {
      hole(va, bytes, step.level, leaf);
      return;
    }
    long pa = Translation.pa(leaf, va);
    if (state == State.RUN && isLike(step, leaf) && (pa == runNextPa || !mergesByAddress())) {
      runBytes += bytes;
    } else {
      flush();
      start(va, bytes, step, leaf, entry);
    }
    // The run goes on from this entry, so that flags that do not matter cost one comparison.
    boolean isPlain = !step.bits.isRun(entry);
    plainLevel = isPlain ? step.level : 0;
    runEntry = entry;
    runLimits = limits;
    runNextPa = pa + bytes;
  }

  private boolean mergesByAddress() {
    return merge == Merge.BY_ADDRESS;
  }

  private boolean isLike(Regime.Step step, long leaf) {
    return runLevel == step.level && ((leaf ^ runFirst) & ATTRIBUTES) == 0;
  }

  private void start(long va, long bytes, Regime.Step step, long first, long entry) {
    state = State.RUN;
    runVa = va;
    runBytes = bytes;
    runLevel = step.level;
    runFirst = first;
    firstEntry = entry;
  }

  private void hole(long va, long bytes, int level, long fault) {
    if (state == State.HOLE && runFirst == fault) {
      runBytes += bytes;
      return;
    }
    flush();
    state = State.HOLE;
    runVa = va;
    runBytes = bytes;
    runLevel = level;
    runFirst = fault;
    plainLevel = 0;
  }

  private void flush() {
    switch (state) {
      case RUN -> sink.run(runVa, runBytes, runLevel, runFirst, firstEntry);
      case HOLE -> sink.hole(runVa, runBytes, runLevel, runFirst);
      case NOTHING -> {}
    }
    state = State.NOTHING;
    plainLevel = 0;
  }
}
