package org.pagewright.kernel.alloc;

import java.util.List;

/** A range of frames with its own free lists and watermarks. Models {@code struct zone}. */
public final class Zone {
  /** Orders of blocks: 0 to {@code MAX_PAGE_ORDER}. */
  public static final int ORDERS = 11;

  static final int MAX_ORDER = ORDERS - 1;

  final int id;
  final int node;
  final ZoneKind kind;
  final long startPfn;
  final long endPfn;
  final Memmap memmap;
  final PageLists free;
  final List<PerCpuPages> pcps;
  private final PerCpuPages[] pcpTable;
  final long[] freeBlocks = new long[ORDERS];
  final long[] reserve = new long[ZoneKind.KINDS];
  final long[] marks = new long[3];
  final CpuCounter freePages;

  long presentPages;
  long managedPages;
  long boost;
  long freeCma;
  long freeHighatomic;
  long reservedHighatomic;
  long freeBlockPagesMapped;
  long freeBlockPagesUnmapped;
  boolean isReclaimActive;
  boolean isBelowHigh;
  boolean isBoosted;
  int isolatedBlocks;

  Zone(int id, int node, ZoneKind kind, long startPfn, long endPfn, Memmap memmap, int cpus) {
    this.id = id;
    this.node = node;
    this.kind = kind;
    this.startPfn = startPfn;
    this.endPfn = endPfn;
    this.memmap = memmap;
    this.free = new PageLists(memmap, ORDERS * Freetype.INDEXES);
    this.freePages = new CpuCounter(cpus);
    this.pcps =
        java.util.stream.IntStream.range(0, cpus)
            .mapToObj(cpu -> new PerCpuPages(memmap, cpu))
            .toList();
    this.pcpTable = pcps.toArray(PerCpuPages[]::new);
  }

  /** The lists of a CPU. */
  PerCpuPages pcp(int cpu) {
    return pcpTable[cpu];
  }

  static int list(int order, int index) {
    return order * Freetype.INDEXES + index;
  }

  /** Its number in the order of addresses. */
  public int id() {
    return id;
  }

  public ZoneKind kind() {
    return kind;
  }

  public int node() {
    return node;
  }

  /** First frame of the zone. */
  public long startPfn() {
    return startPfn;
  }

  /** First frame above the zone. */
  public long endPfn() {
    return endPfn;
  }

  /** Pages that the allocator was given. */
  public long managedPages() {
    return managedPages;
  }

  /** Free pages, those of isolated pageblocks and on per-CPU lists not counted. */
  public long freePageCount() {
    return freePages.exact();
  }

  boolean spans(long pfn) {
    return pfn >= startPfn && pfn < endPfn;
  }

  long head(int order, int index) {
    return free.head(list(order, index));
  }

  void add(long pfn, int order, int freetype, boolean toTail) {
    int index = Freetype.index(freetype);
    assert index != Freetype.NO_LIST : "no list for freetype " + freetype + ", frame " + pfn;
    memmap.setFree(pfn, order, index);
    if (toTail) {
      free.addTail(list(order, index), pfn);
    } else {
      free.addHead(list(order, index), pfn);
    }
    freeBlocks[order]++;
    countBlocks(order, index, 1L << order);
  }

  /** Takes a free block off its list; returns the list's freetype. */
  int remove(long pfn, int order) {
    int index = memmap.list(pfn);
    free.remove(list(order, index), pfn);
    memmap.setTail(pfn);
    freeBlocks[order]--;
    countBlocks(order, index, -(1L << order));
    return Freetype.atIndex(index);
  }

  private void countBlocks(int order, int index, long pages) {
    if (order >= memmap.blockOrder() && index != Migratetype.ISOLATE) {
      if (index == Migratetype.TYPES) {
        freeBlockPagesUnmapped += pages;
      } else {
        freeBlockPagesMapped += pages;
      }
    }
  }

  /** Adjusts the counters of free pages. Models {@code account_freepages()}. */
  void account(int cpu, long pages, int freetype) {
    int type = Freetype.migratetype(freetype);
    if (type == Migratetype.ISOLATE) {
      return;
    }
    freePages.add(cpu, pages);
    if (type == Migratetype.CMA) {
      freeCma += pages;
    } else if (type == Migratetype.HIGHATOMIC) {
      freeHighatomic += pages;
    }
  }
}
