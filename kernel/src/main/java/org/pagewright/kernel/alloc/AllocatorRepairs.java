package org.pagewright.kernel.alloc;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pagewright.kernel.buddy.CpuCounter;
import org.pagewright.kernel.buddy.FrameRing;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Reads and rewrites an allocator's state from outside: to load a recorded state, to apply steps
 * that a trace does not show, and to adopt a kernel's answer where it differs from ours.
 */
public final class AllocatorRepairs {
  private final PageAllocator allocator;
  private final Memmap memmap;

  /** Boosts when kswapd began its work, which it takes back at the end of it. */
  private final long[] boostsSeen;

  public AllocatorRepairs(PageAllocator allocator) {
    this.allocator = allocator;
    this.memmap = allocator.memmap;
    this.boostsSeen = new long[allocator.zones.size()];
  }

  private Zone zone(int zone) {
    return allocator.zones.get(zone);
  }

  private PerCpuPages pcp(int cpu, int zone) {
    return allocator.pcpLists.of(zone(zone), cpu);
  }

  // ---- looking

  /** Number of the zone that spans a frame, or -1. */
  public int zoneOf(long pfn) {
    for (Zone zone : allocator.zones) {
      if (zone.spans(pfn)) {
        return zone.id();
      }
    }
    return -1;
  }

  /** Number of the zone that serves a request first. */
  public int preferredZone(int gfp) {
    return allocator.zoneLists.of(/* cpu= */ 0, ZoneLists.ANY_ZONE, gfp).zones[0].id();
  }

  /** Whether blocks of an order may lie on per-CPU lists. */
  public boolean isPcpOrder(int order) {
    return allocator.pcpLists.allows(order);
  }

  /** Pages on a CPU's lists of a zone. */
  public int pcpCount(int cpu, int zone) {
    return pcp(cpu, zone).count;
  }

  public int pcpHigh(int cpu, int zone) {
    return pcp(cpu, zone).high;
  }

  public int pcpBatch(int cpu, int zone) {
    return pcp(cpu, zone).batch;
  }

  /** First block of a per-CPU list, or {@link PageAllocator#NONE}. */
  public long pcpHead(int cpu, int zone, int order, int migratetype) {
    FrameRing list = pcp(cpu, zone).list(PerCpuPages.index(migratetype, order));
    return list.isEmpty() ? PageAllocator.NONE : list.at(0);
  }

  /** How many blocks lie before a frame on a CPU's list, or -1 if it is not there. */
  public int pcpDepth(int cpu, long pfn, int order, int migratetype) {
    int zone = zoneOf(pfn);
    if (zone < 0 || memmap.state(pfn) != Memmap.PCP || memmap.cpu(pfn) != cpu) {
      return -1;
    }
    if (memmap.list(pfn) != PerCpuPages.index(migratetype, order)) {
      return -1;
    }
    return pcp(cpu, zone).list(memmap.list(pfn)).depth(pfn);
  }

  /** Frames of a per-CPU list in order; lists are numbered as in {@code struct per_cpu_pages}. */
  public long[] pcpList(int cpu, int zone, int list) {
    return pcp(cpu, zone).list(list).toArray();
  }

  /** Frames of a free list in order, head first. */
  public long[] freeList(int zone, int order, int freetypeIndex) {
    return zone(zone).free().toArray(Zone.list(order, freetypeIndex));
  }

  /** Migratetype of a frame's pageblock. */
  public int blockType(long pfn) {
    return memmap.blockType(pfn);
  }

  // ---- loading

  /** Appends a free block to a free list; the counters follow. */
  public void placeFree(int zone, long pfn, int order, int migratetype) {
    Zone in = zone(zone);
    in.add(pfn, order, migratetype, /* toTail= */ true);
    in.account(/* cpu= */ 0, 1L << order, migratetype);
  }

  /** Appends a block to a per-CPU list. */
  public void placePcp(int cpu, int zone, int list, long pfn) {
    PerCpuPages pcp = pcp(cpu, zone);
    int order = PerCpuPages.order(list, memmap.blockOrder());
    int type = order <= PerCpuPages.COSTLY_ORDER ? list % Migratetype.PCP_TYPES : list & 1;
    memmap.setPcp(pfn, order, list, cpu, type);
    pcp.list(list).addTail(pfn);
    pcp.count += 1 << order;
  }

  /** Sets how many pages a zone manages. */
  public void setManaged(int zone, long managed, long present) {
    zone(zone).setPages(managed, present);
  }

  /** Sets what readers of a zone's free counter see; the lists stay. */
  public void setVisibleFree(int zone, long pages) {
    CpuCounter counter = zone(zone).freePages();
    counter.set(counter.exact(), pages);
  }

  /** Sets the pageblocks that the high-atomic reserve counts. */
  public void setReservedHighatomic(int zone, long pages) {
    zone(zone).setReservedHighatomic(pages);
  }

  /** Sets high and batch of every CPU's lists of a zone. */
  public void setPcp(int zone, int high, int batch) {
    for (PerCpuPages pcp : allocator.pcpLists.of(zone(zone))) {
      pcp.high = high;
      pcp.highMin = high;
      pcp.highMax = Math.max(high, pcp.highMax);
      pcp.batch = batch;
    }
  }

  /** Sets the limits of one CPU's lists, and what they remember of earlier frees. */
  public void setPcp(int cpu, int zone, int high, int batch, int freeFactor) {
    PerCpuPages pcp = pcp(cpu, zone);
    pcp.high = high;
    pcp.highMin = high;
    pcp.highMax = Math.max(high, pcp.highMax);
    pcp.batch = batch;
    pcp.freeFactor = freeFactor;
  }

  /** Sets marks, reserves and the threshold of the counters of a zone. */
  public void setWatermarks(
      int zone, long min, long low, long high, long[] reserve, int threshold) {
    Zone of = zone(zone);
    of.marks()[AllocFlags.WMARK_MIN] = min;
    of.marks()[AllocFlags.WMARK_LOW] = low;
    of.marks()[AllocFlags.WMARK_HIGH] = high;
    Arrays.fill(of.reserve(), 0);
    System.arraycopy(reserve, 0, of.reserve(), 0, Math.min(reserve.length, of.reserve().length));
    of.freePages().setThreshold(threshold);
  }

  public void setBoost(int zone, long boost) {
    zone(zone).setBoost(boost);
  }

  /**
   * Says whether kswapd is at work in every zone. What it leaves behind is a boost without the part
   * that it started with. Models {@code balance_pgdat()}.
   */
  public void setReclaimActive(boolean isActive) {
    for (Zone zone : allocator.zones) {
      zone.setReclaimActive(isActive);
      if (isActive) {
        boostsSeen[zone.id()] = zone.boost();
      } else {
        zone.setBoost(Math.max(0, zone.boost() - boostsSeen[zone.id()]));
      }
    }
  }

  /** Notes the migratetype of a frame's pageblock; lists stay. */
  public void setBlockType(long pfn, int migratetype) {
    if (memmap.contains(pfn)) {
      memmap.setBlockType(pfn, migratetype);
    }
  }

  /**
   * Gives a frame's pageblock another migratetype; where the version promises it, the block's free
   * pages change lists with it.
   */
  public void retypeBlock(long pfn, int migratetype) {
    int zone = zoneOf(pfn);
    if (zone < 0 || memmap.blockType(pfn) == migratetype) {
      return;
    }
    memmap.setBlockType(pfn, migratetype);
    if (allocator.config.rules().listsFollowBlocks()) {
      allocator.buddy.moveBlock(zone(zone), memmap.blockStart(pfn), migratetype);
    }
  }

  /**
   * Makes a free pageblock part of a contiguous-memory area. Models init_cma_reserved_pageblock().
   */
  public void makeCma(long pfn) {
    memmap.setBlockType(pfn, Migratetype.CMA);
    long start = memmap.blockStart(pfn);
    allocator.buddy.moveAndCount(zone(zoneOf(pfn)), /* cpu= */ 0, start, Migratetype.CMA);
  }

  // ---- steps that no event shows

  /** Takes order-0 blocks as {@code alloc_pages_bulk()} does; returns how many it got. */
  public int allocateBulk(int cpu, int gfp, long[] into) {
    int type = Gfp.migratetype(gfp);
    Zone zone = zone(preferredZone(gfp));
    PerCpuPages pcp = allocator.pcpLists.of(zone, cpu);
    int flags = AllocFlags.WMARK_LOW | (type == Migratetype.MOVABLE ? AllocFlags.CMA : 0);
    int got = 0;
    while (got < into.length) {
      long pfn = allocator.pcpLists.takeInBulk(zone, pcp, 0, type, flags);
      if (pfn == PageAllocator.NONE) {
        break;
      }
      memmap.setUsed(pfn, 0, (gfp & Gfp.MOVABLE) != 0, type);
      into[got++] = pfn;
    }
    return got;
  }

  /** Takes a free block out. Models {@code __isolate_free_page()}; false if it is not free. */
  public boolean isolateFreePage(long pfn, int order) {
    if (!takeFromBuddy(pfn, order)) {
      return false;
    }
    allocator.freePageIsolation().retype(pfn, order);
    return true;
  }

  /** Gives one reserved pageblock back. Models unreserve_highatomic_pageblock(). */
  public boolean unreserveHighatomic(int migratetype) {
    return allocator.highatomic().unreserve(allocator.zones, migratetype);
  }

  /** Lets per-CPU lists refill and drain on their own, or only as told here. */
  public void setSelfActing(boolean refillsAndDrains) {
    allocator.pcpLists.setSelfActing(refillsAndDrains);
  }

  // ---- repairs

  /** Takes a block off the per-CPU list that it lies on; false if it lies on none. */
  public boolean takeFromPcp(long pfn, int order) {
    int zone = zoneOf(pfn);
    PerCpuPages pcp = zone < 0 ? null : allocator.pcpLists.holder(zone(zone), pfn);
    if (pcp == null || memmap.order(pfn) != order) {
      return false;
    }
    pcp.list(memmap.list(pfn)).remove(pfn);
    pcp.count -= 1 << order;
    memmap.setUsed(pfn, order, /* isMovable= */ false, memmap.notedType(pfn));
    return true;
  }

  /** Takes a block out of the free lists, breaking up a larger one; false if it is not free. */
  public boolean takeFromBuddy(long pfn, int order) {
    for (int size = order; size <= Zone.MAX_ORDER; size++) {
      long head = pfn & -(1L << size);
      int zone = zoneOf(head);
      if (zone >= 0 && memmap.isFreeOfOrder(head, size)) {
        breakUp(zone(zone), head, size, pfn, order);
        return true;
      }
    }
    return false;
  }

  /**
   * Takes off their lists the free blocks that overlap a block: smaller ones inside of it, and a
   * larger one on a per-CPU list that contains it. False if there was none.
   */
  public boolean takeOverlapping(long pfn, int order) {
    boolean isAny = false;
    for (int size = order + 1; size <= memmap.blockOrder(); size++) {
      isAny |= takeFromPcp(pfn & -(1L << size), size);
    }
    long end = pfn + (1L << order);
    for (long at = pfn; at < end; at++) {
      int piece = memmap.contains(at) ? memmap.order(at) : 0;
      if (piece <= order && (takeFromPcp(at, piece) || takeFree(at, piece))) {
        isAny = true;
        at += (1L << piece) - 1;
      }
    }
    return isAny;
  }

  private boolean takeFree(long pfn, int order) {
    return memmap.contains(pfn) && memmap.isFreeOfOrder(pfn, order) && takeFromBuddy(pfn, order);
  }

  private void breakUp(Zone zone, long head, int size, long pfn, int order) {
    int freetype = zone.remove(head, size);
    long at = head;
    for (int half = size - 1; half >= order; half--) {
      long upper = at + (1L << half);
      boolean isUpper = pfn >= upper;
      zone.add(isUpper ? at : upper, half, freetype, /* toTail= */ false);
      at = isUpper ? upper : at;
    }
    zone.account(/* cpu= */ 0, -(1L << order), freetype);
    memmap.setUsed(pfn, order, /* isMovable= */ false, Freetype.migratetype(freetype));
  }

  /** Takes the smallest sufficient block of a type's free lists, or {@link PageAllocator#NONE}. */
  public long takeSmallest(int cpu, int zone, int order, int migratetype) {
    long pfn = allocator.buddy.takeSmallest(zone(zone), cpu, order, migratetype);
    if (pfn != PageAllocator.NONE) {
      zone(zone).account(cpu, -(1L << order), migratetype);
      memmap.setUsed(pfn, order, migratetype == Migratetype.MOVABLE, migratetype);
    }
    return pfn;
  }

  /** Puts a used block at the end of a per-CPU list, or at its head. */
  public void putOnPcp(int cpu, long pfn, int order, int migratetype, boolean toTail) {
    PerCpuPages pcp = pcp(cpu, zoneOf(pfn));
    int type = migratetype < Migratetype.PCP_TYPES ? migratetype : Migratetype.MOVABLE;
    int list = PerCpuPages.index(type, order);
    memmap.setPcp(pfn, order, list, cpu, migratetype);
    if (toTail) {
      pcp.list(list).addTail(pfn);
    } else {
      pcp.list(list).addHead(pfn);
    }
    pcp.count += 1 << order;
  }

  /** Order of the movable block in use whose first frame it is, or -1. */
  public int movableOrder(long pfn) {
    boolean isOne = memmap.state(pfn) == Memmap.USED && memmap.isMovable(pfn);
    return isOne ? memmap.order(pfn) : -1;
  }

  /** Says how movable a used block is. */
  public void setMovable(long pfn, int order, boolean isMovable) {
    memmap.setUsed(pfn, order, isMovable, memmap.notedType(pfn));
  }

  /** Complains about the first invariant that does not hold, or returns null. */
  public @Nullable String brokenInvariant() {
    return AllocatorVerifier.firstBroken(allocator);
  }
}
