package org.pagewright.kernel.buddy;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.hardware.cpu.Machine;
import org.pagewright.kernel.arch.KernelEvent;

/** A range of frames with its own free lists and watermarks. Models {@code struct zone}. */
public final class Zone {
  /** Orders of blocks: 0 to {@code MAX_PAGE_ORDER}. */
  public static final int ORDERS = 11;

  /** The largest order: {@code MAX_PAGE_ORDER}. */
  public static final int MAX_ORDER = ORDERS - 1;

  /** Watermarks: min, low and high. */
  public static final int MARKS = 3;

  private final int id;
  private final int node;
  private final ZoneKind kind;
  private final long startPfn;
  private final long endPfn;
  private final Memmap memmap;
  private final PageLists free;
  private final long[] freeBlocks = new long[ORDERS];
  private final CpuCounter freePages;
  private final ZoneLock lock;
  private EventLog events = new EventLog();

  private long presentPages;
  private long managedPages;
  private long freeCma;
  private long freeHighatomic;
  private long reservedHighatomic;
  private long freeBlockPagesMapped;
  private long freeBlockPagesUnmapped;
  private long lostPages;
  private int isolatedBlocks;

  private final long[] reserve = new long[ZoneKind.KINDS];
  private final long[] marks = new long[MARKS];
  private long boost;
  private @Nullable Capture capture;
  private boolean isBoosted;
  private boolean isBelowHigh;
  private boolean isReclaimActive;

  public Zone(
      int id, int node, ZoneKind kind, long startPfn, long endPfn, Memmap memmap, int cpus) {
    this.id = id;
    this.node = node;
    this.kind = kind;
    this.startPfn = startPfn;
    this.endPfn = endPfn;
    this.memmap = memmap;
    this.free = new PageLists(memmap, ORDERS * Freetype.INDEXES);
    this.freePages = new CpuCounter(cpus);
    this.lock = new ZoneLock(id);
  }

  /** Number of the free list of a size and a freetype's index. */
  public static int list(int order, int index) {
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

  /** The state of the zone's frames. */
  public Memmap memmap() {
    return memmap;
  }

  public boolean spans(long pfn) {
    return pfn >= startPfn && pfn < endPfn;
  }

  /**
   * Lets a machine's event log tell who holds the lock and of each change of lists and counters,
   * and its CPUs of changes without the lock.
   */
  public void watchOn(Machine machine) {
    events = machine.events();
    lock.watchOn(machine);
  }

  public ZoneLock lock() {
    return lock;
  }

  // ---- counters

  /** Pages that the allocator was given. */
  public long managedPages() {
    return managedPages;
  }

  /** Pages that exist. */
  public long presentPages() {
    return presentPages;
  }

  public void setPages(long managed, long present) {
    managedPages = managed;
    presentPages = present;
  }

  /** Free pages, those of isolated pageblocks and on per-CPU lists not counted. */
  public long freePageCount() {
    return freePages.exact();
  }

  /** The same as a counter whose readers may lag. */
  public CpuCounter freePages() {
    return freePages;
  }

  /** Free pages of contiguous-memory areas. */
  public long freeCma() {
    return freeCma;
  }

  /** Notes that free pages of contiguous-memory areas came or went. */
  public void addFreeCma(long pages) {
    freeCma += pages;
  }

  /** Free pages of the high-atomic reserve. */
  public long freeHighatomic() {
    return freeHighatomic;
  }

  /** Pages of the pageblocks that are reserved for high-order atomic requests. */
  public long reservedHighatomic() {
    return reservedHighatomic;
  }

  public void setReservedHighatomic(long pages) {
    reservedHighatomic = pages;
  }

  /** Notes that free pages joined the high-atomic reserve, or left it. */
  public void addFreeHighatomic(long pages) {
    freeHighatomic += pages;
  }

  /** Free pages in blocks of at least a pageblock that the direct map has. */
  public long freeBlockPagesMapped() {
    return freeBlockPagesMapped;
  }

  /** The same of blocks that the direct map lacks. */
  public long freeBlockPagesUnmapped() {
    return freeBlockPagesUnmapped;
  }

  /** Pages that were to go to a list that does not exist; 0 in a sound kernel. */
  public long lostPages() {
    return lostPages;
  }

  /** Pageblocks that are isolated. */
  public int isolatedBlocks() {
    return isolatedBlocks;
  }

  public void addIsolatedBlocks(int blocks) {
    isolatedBlocks += blocks;
  }

  // ---- how much is to stay free

  /** Watermarks without the boost: min, low, high. */
  public long[] marks() {
    return marks;
  }

  /** Pages kept from requests that could have used a higher zone, by that zone's index. */
  public long[] reserve() {
    return reserve;
  }

  /** Pages that every watermark is raised by for a while. */
  public long boost() {
    return boost;
  }

  public void setBoost(long pages) {
    boost = pages;
  }

  /** Whether a boost asks for a wake-up of kswapd. Models {@code ZONE_BOOSTED_WATERMARK}. */
  public boolean isBoosted() {
    return isBoosted;
  }

  public void setBoosted(boolean isBoosted) {
    this.isBoosted = isBoosted;
  }

  /** Whether the zone was found below its high mark. Models {@code ZONE_BELOW_HIGH}. */
  public boolean isBelowHigh() {
    return isBelowHigh;
  }

  public void setBelowHigh(boolean isBelowHigh) {
    this.isBelowHigh = isBelowHigh;
  }

  /** Whether kswapd works on the zone. Models {@code ZONE_RECLAIM_ACTIVE}. */
  public boolean isReclaimActive() {
    return isReclaimActive;
  }

  public void setReclaimActive(boolean isReclaimActive) {
    this.isReclaimActive = isReclaimActive;
  }

  // ---- free lists

  /** What a compacting task waits for, or null. */
  @Nullable Capture capture() {
    return capture;
  }

  public void setCapture(@Nullable Capture capture) {
    this.capture = capture;
  }

  /** The free lists, numbered by {@link #list}. */
  public PageLists free() {
    return free;
  }

  /** Free blocks of each order, whatever their freetype. */
  public long[] freeBlocks() {
    return freeBlocks;
  }

  /** First block of a free list, or {@link Memmap#NONE}. */
  public long head(int order, int index) {
    return free.head(list(order, index));
  }

  /** Puts a block on the free list of a freetype. */
  public void add(long pfn, int order, int freetype, boolean toTail) {
    int index = Freetype.index(freetype);
    record(KernelEvent.FREE_LIST_ADD, pfn, order, freetype);
    if (index == Freetype.NO_LIST) {
      memmap.setTail(pfn);
      lostPages += 1L << order;
      return;
    }
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
  public int remove(long pfn, int order) {
    int index = memmap.list(pfn);
    record(KernelEvent.FREE_LIST_REMOVE, pfn, order, Freetype.atIndex(index));
    free.remove(list(order, index), pfn);
    memmap.setTail(pfn);
    freeBlocks[order]--;
    countBlocks(order, index, -(1L << order));
    return Freetype.atIndex(index);
  }

  private void record(int kind, long pfn, int order, int freetype) {
    if (events.isRecording()) {
      events.record(kind, Math.max(lock.holder(), 0), pfn, order, freetype);
    }
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
  public void account(int cpu, long pages, int freetype) {
    int type = Freetype.migratetype(freetype);
    if (type == Migratetype.ISOLATE) {
      return;
    }
    lock.mustBeHeld(cpu);
    events.record(KernelEvent.FREE_PAGES_COUNTED, cpu, id, pages, freetype);
    freePages.add(cpu, pages);
    if (type == Migratetype.CMA) {
      freeCma += pages;
    } else if (type == Migratetype.HIGHATOMIC) {
      freeHighatomic += pages;
    }
  }
}
