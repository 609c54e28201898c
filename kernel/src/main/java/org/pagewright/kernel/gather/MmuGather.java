package org.pagewright.kernel.gather;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.hardware.cpu.Primitive;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.kernel.alloc.Gfp;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.gather.GatherConfig.BatchFallback;
import org.pagewright.kernel.mm.Mm;
import org.pagewright.kernel.tablelife.FreeMode;
import org.pagewright.kernel.tablelife.TableEvent;

/**
 * What is being unmapped: the order is always take out of the tables, flush, free.
 *
 * <p>Models {@code struct mmu_gather} (include/asm-generic/tlb.h, mm/mmu_gather.c, Linux 7.0).
 */
public class MmuGather {
  /*
   * What Linux does: entries are cleared first; the range and the levels of what was cleared, and
   * whether tables went, add up until the flush. Pages wait in batches, eight on the stack and then
   * in pages of 510 each; tables wait in a page of 509 that is freed as a whole after the flush and
   * a grace period. If two gathers ran at once on one address space, the later one flushes
   * everything, because the other may have cleared entries that it found empty.
   *
   * What this does: the same; batch pages come from the page allocator and may be missing.
   *
   * What is left out: s390's immediate freeing of pages, flushes for changed page sizes (powerpc),
   * cache flushes, delayed removal of reverse mappings as a batch of its own.
   */

  /** {@code MMU_GATHER_BUNDLE}. */
  private static final int BUNDLE = 8;

  /** {@code MAX_GATHER_BATCH}: pointers in a page behind the header. */
  private static final int PAGES_PER_BATCH = 510;

  /** {@code MAX_GATHER_BATCH_COUNT}: at most 10000 pages before a flush. */
  private static final int BATCHES_MAX = 10000 / PAGES_PER_BATCH;

  private static final int ORDER_SHIFT = 3;
  private static final int LEVEL_MASK = 7;
  private static final int ORDER_MASK = 15;

  private final UserTables tables;
  private final GatherServices services;
  private final GatherConfig config;
  private final PteFormat format;
  private final long[] queue = new long[BUNDLE + BATCHES_MAX * PAGES_PER_BATCH];
  private final long[] batchPfns = new long[BATCHES_MAX];
  private @Nullable Mm mm;
  private @Nullable TableBatch tableBatch;
  private int queued;
  private int room;
  private int batches;
  private long start;
  private long end;
  private int clearedLevels;
  private boolean isWhole;
  private boolean flushesAll;
  private boolean freesTables;
  private boolean sawRawFrames;

  /** A gather that is not in use; {@link UserTables#gather} begins it. */
  protected MmuGather(UserTables tables) {
    this.tables = tables;
    this.services = tables.services();
    this.config = tables.config();
    this.format = services.tables().format();
  }

  // ---- begin and end

  /** Models {@code tlb_gather_mmu()} and {@code tlb_gather_mmu_fullmm()}. */
  final MmuGather begin(Mm space, boolean isFullMm) {
    assert mm == null : "in use for " + mm;
    mm = space;
    isWhole = isFullMm;
    flushesAll = false;
    sawRawFrames = false;
    room = BUNDLE;
    queued = 0;
    batches = 0;
    reset();
    space.tables().gatherBegins();
    return this;
  }

  private void reset() {
    start = isWhole ? -1 : Long.MAX_VALUE;
    end = isWhole ? -1 : 0;
    clearedLevels = 0;
    freesTables = false;
  }

  /** Flushes and frees what is left. Models {@code tlb_finish_mmu()}. */
  public void finish(Cpu cpu) {
    Mm space = mm();
    if (space.tables().hasNestedGathers()) {
      isWhole = true;
      reset();
      freesTables = true;
    }
    flush(cpu);
    for (int i = 0; i < batches; i++) {
      services.allocator().free(cpu, batchPfns[i], 0);
    }
    batches = 0;
    space.tables().gatherEnds();
    mm = null;
    tables.recycle(this);
  }

  /** The address space. */
  public final Mm mm() {
    Mm space = mm;
    if (space == null) {
      throw new IllegalStateException("the gather has ended");
    }
    return space;
  }

  /** Whether the whole address space goes. */
  public final boolean isFullMm() {
    return isWhole;
  }

  // ---- what is taken out

  /** Entries of {@code level} in {@code [va, va + bytes)} were cleared. */
  public final void clearedRange(long va, long bytes, int level) {
    if (!isWhole) {
      start = Math.min(start, va);
      end = Math.max(end, va + bytes);
    }
    clearedLevels |= 1 << level;
  }

  /**
   * Pages of an entry are released after the flush.
   *
   * @return whether there is room for no other: flush soon
   */
  public final boolean removePage(Cpu cpu, long pfn, int order) {
    assert queued < room : "the caller did not flush a full batch";
    queue[queued++] = pfn << format.pageShift() | (long) order << ORDER_SHIFT;
    return isFull(cpu);
  }

  private boolean isFull(Cpu cpu) {
    if (queued < room) {
      return false;
    }
    if (batches == BATCHES_MAX) {
      return true;
    }
    long pfn = services.allocator().allocate(cpu, Gfp.NOWAIT, 0);
    if (pfn == PageAllocator.NONE) {
      return true;
    }
    batchPfns[batches++] = pfn;
    room += PAGES_PER_BATCH;
    return false;
  }

  /**
   * A table of {@code level} left the tree. Models {@code pte_free_tlb()} and its like: the range
   * grows by one page, whose flush also drops what caches of tables hold for it.
   *
   * @param va an address that the table translated
   */
  public final void freeTable(Cpu cpu, long tablePa, int level, long va) {
    clearedRange(va, format.pageBytes(), level + 1);
    freesTables = true;
    if (level == 2 && format.has(PteFormat.Feature.PDPTE_REGISTERS)) {
      flushesAll = true; // the entries of the top level are in registers
    }
    FreeMode mode = config.mode(level);
    services
        .events()
        .record(TableEvent.QUEUED, cpu.id(), tablePa >>> format.pageShift(), level, number(mode));
    switch (mode) {
      case IMMEDIATE -> services.tablePages().free(cpu, tablePa, level);
      case AFTER_FLUSH -> {
        services.tablePages().destruct(cpu, tablePa);
        queue[queued++] = tablePa | level;
        if (isFull(cpu)) {
          flush(cpu);
        }
      }
      case RCU -> addToBatch(cpu, tablePa, level);
    }
  }

  @SuppressWarnings("EnumOrdinal") // numbers in events live no longer than a run
  private static int number(FreeMode mode) {
    return mode.ordinal();
  }

  private void addToBatch(Cpu cpu, long tablePa, int level) {
    TableBatch batch = tableBatch;
    if (batch == null) {
      long pfn = services.allocator().allocate(cpu, Gfp.NOWAIT, 0);
      if (pfn == PageAllocator.NONE) {
        freeAlone(cpu, tablePa, level);
        return;
      }
      batch = new TableBatch(services, pfn);
      tableBatch = batch;
    }
    if (batch.add(tablePa, level)) {
      flushTables(cpu);
    }
  }

  /** Models {@code tlb_remove_table_one()}. */
  private void freeAlone(Cpu cpu, long tablePa, int level) {
    flushTranslations(cpu);
    if (config.fallback() == BatchFallback.QUEUE_ALONE) {
      tables.freeTableDeferred(cpu, tablePa, level);
      return;
    }
    if (config.fallback() == BatchFallback.INTERRUPT_AND_FREE) {
      services.grace().interruptOthers(cpu);
    } else {
      services.grace().synchronize(cpu);
    }
    services.tablePages().free(cpu, tablePa, level);
  }

  // ---- areas

  /** An area of raw frames is about to be unmapped. Models {@code vma_pfn} of {@code start_vma}. */
  public final void sawRawFrames() {
    sawRawFrames = true;
  }

  /** The last entry of an area was cleared. Models {@code tlb_end_vma()}. */
  public final void endArea(Cpu cpu) {
    if (!isWhole && !config.mergesAreas()) {
      flushTranslations(cpu);
    }
  }

  /**
   * Areas are about to leave the address space: nobody finds raw frames through them afterwards, so
   * those must be flushed. Models {@code tlb_free_vmas()}.
   */
  public void freeAreas(Cpu cpu) {
    if (!isWhole && sawRawFrames) {
      flushTranslations(cpu);
    }
  }

  // ---- flush

  /**
   * Drops translations of dirty pages that others may clean as soon as the table's lock is
   * released. Models the forced flush of {@code zap_pte_range()}.
   */
  public void flushUnderLock(Cpu cpu) {
    flushTranslations(cpu);
  }

  /** Drops translations of what was cleared. Models {@code tlb_flush_mmu_tlbonly()}. */
  public void flushTranslations(Cpu cpu) {
    if (clearedLevels == 0 && !freesTables) {
      return;
    }
    deliver(cpu);
    reset();
  }

  private void deliver(Cpu cpu) {
    boolean everything = isWhole || flushesAll;
    if (config.rule() == GatherConfig.FlushRule.ARM64 && isWhole && !freesTables) {
      return;
    }
    if (config.rule() == GatherConfig.FlushRule.RISCV && freesTables) {
      everything = true;
    }
    long from = everything ? 0 : start;
    long to = everything ? -1 : end;
    services.shootdown().flushMmRange(cpu, mm().tlb(), from, to, strideShift(), freesTables);
  }

  /** Models {@code tlb_get_unmap_shift()}: the smallest entries that were cleared. */
  private int strideShift() {
    int level = clearedLevels == 0 ? 1 : Integer.numberOfTrailingZeros(clearedLevels);
    return format.level(Math.min(level, format.topLevel())).shift();
  }

  /** Flushes, then frees tables and pages. Models {@code tlb_flush_mmu()}. */
  public void flush(Cpu cpu) {
    flushTranslations(cpu);
    flushTables(cpu);
    freePages(cpu);
  }

  /** Models {@code tlb_table_flush()}. */
  private void flushTables(Cpu cpu) {
    TableBatch batch = tableBatch;
    if (batch != null) {
      flushTranslations(cpu);
      tableBatch = null;
      services.grace().call(cpu, batch);
    }
  }

  /** Models {@code tlb_batch_pages_flush()}. */
  private void freePages(Cpu cpu) {
    for (int i = 0; i < queued; i++) {
      long entry = queue[i];
      long pa = entry & -format.pageBytes();
      int level = (int) entry & LEVEL_MASK;
      if (level != 0) {
        services.tablePages().freePage(cpu, pa, level);
      } else {
        int order = (int) entry >>> ORDER_SHIFT & ORDER_MASK;
        tables.pageRelease().release(cpu, pa >>> format.pageShift(), order);
      }
    }
    cpu.charge(Primitive.CALL);
    queued = 0;
  }

  /** Tables that go together after a grace period. Models {@code struct mmu_table_batch}. */
  private static final class TableBatch implements RcuGrace.Callback {
    /** {@code MAX_TABLE_BATCH}: pointers in a page behind an RCU head and a count. */
    private static final int TABLES = 509;

    private final GatherServices services;
    private final long pfn;
    private final long[] queue = new long[TABLES];
    private int count;

    TableBatch(GatherServices services, long pfn) {
      this.services = services;
      this.pfn = pfn;
    }

    /** Adds a table; true when there is room for no other. */
    boolean add(long tablePa, int level) {
      queue[count++] = tablePa | level;
      return count == TABLES;
    }

    @Override
    public void run(Cpu cpu) {
      for (int i = 0; i < count; i++) {
        services.tablePages().free(cpu, queue[i] & ~LEVEL_MASK, (int) queue[i] & LEVEL_MASK);
      }
      services.allocator().free(cpu, pfn, 0);
    }
  }
}
