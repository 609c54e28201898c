package org.pagewright.kernel.alloc;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.kernel.buddy.Buddy;
import org.pagewright.kernel.buddy.FrameRing;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/**
 * Refills and drains per-CPU lists. Models {@code rmqueue_bulk()}, {@code
 * free_unref_page_commit()}, {@code free_pcppages_bulk()} and the rules of their sizes.
 */
final class PcpLists {
  static final int BATCH_SCALE_MAX = 5;

  private final Memmap memmap;
  private final Buddy buddy;
  private final Fallback fallback;
  private final AllocatorRules rules;
  private final int pageShift;

  private final int cpus;

  /** By zone, then by CPU. */
  private final PerCpuPages[] pcps;

  private PcpListing listing = new PcpListing();
  private boolean isSelfActing = true;

  PcpLists(
      AllocatorConfig config, List<Zone> zones, Memmap memmap, Buddy buddy, Fallback fallback) {
    this.memmap = memmap;
    this.buddy = buddy;
    this.fallback = fallback;
    this.rules = config.rules();
    this.pageShift = config.pageShift();
    this.cpus = config.cpus();
    this.pcps = new PerCpuPages[zones.size() * cpus];
    Arrays.setAll(pcps, at -> new PerCpuPages(at % cpus));
  }

  /** Sets batch and bounds of every CPU's lists. Models {@code zone_pcp_update()}. */
  void setUp(Zone zone) {
    long base =
        rules.batchShift() == 12
            ? Math.min(zone.managedPages() >>> 12, (256 << 10) >>> pageShift)
            : Math.min(zone.managedPages() >>> 10, (1 << 20) >>> pageShift) / 4;
    long rounded = base + base / 2;
    int batch = base <= 1 ? 1 : Math.max(1, (int) Long.highestOneBit(rounded) - 1);
    long low = zone.marks()[AllocFlags.WMARK_LOW] / cpus;
    int min = (int) Math.max(low, 4L * batch);
    int max = (int) Math.max(zone.managedPages() / 8 / cpus, 4L * batch);
    for (PerCpuPages pcp : of(zone)) {
      pcp.batch = batch;
      pcp.highMin = min;
      pcp.highMax = rules.autoTunesPcp() ? max : min;
      pcp.high = min;
    }
  }

  /** The lists of a CPU for a zone. */
  PerCpuPages of(Zone zone, int cpu) {
    return pcps[zone.id() * cpus + cpu];
  }

  /** The lists of every CPU for a zone. */
  List<PerCpuPages> of(Zone zone) {
    return Arrays.asList(pcps).subList(zone.id() * cpus, (zone.id() + 1) * cpus);
  }

  /** Pages on all lists. */
  long pages() {
    return Arrays.stream(pcps).mapToLong(pcp -> pcp.count).sum();
  }

  /** Lets lists refill and drain on their own, or only when told. */
  void setSelfActing(boolean isSelfActing) {
    this.isSelfActing = isSelfActing;
  }

  void setListing(PcpListing listing) {
    this.listing = listing;
  }

  boolean allows(int order) {
    return order <= PerCpuPages.COSTLY_ORDER || order == memmap.blockOrder();
  }

  // ---- taking

  /** Takes a block as a single request does: successive frees count less from here on. */
  long take(Zone zone, PerCpuPages pcp, int order, int freetype, int flags) {
    pcp.freeFactor >>= 1;
    pcp.freeCount >>= 1;
    return takeInBulk(zone, pcp, order, freetype, flags);
  }

  /** Takes a block as a bulk request does. */
  long takeInBulk(Zone zone, PerCpuPages pcp, int order, int freetype, int flags) {
    FrameRing list = pcp.list(PerCpuPages.index(freetype, order));
    if (list.isEmpty()) {
      if (!isSelfActing || refill(zone, pcp, order, freetype, flags) == 0) {
        return Memmap.NONE;
      }
    }
    pcp.count -= 1 << order;
    return list.removeHead();
  }

  private int refill(Zone zone, PerCpuPages pcp, int order, int freetype, int flags) {
    int wanted = rules.autoTunesPcp() ? refillTuned(zone, pcp, order) : refillPlain(pcp, order);
    int list = PerCpuPages.index(freetype, order);
    zone.lock().hold(pcp.cpu);
    fallback.begin();
    int got = 0;
    long cmaPages = 0;
    while (got < wanted) {
      long pfn = fallback.take(zone, pcp.cpu, order, freetype, flags);
      if (pfn == Memmap.NONE) {
        break;
      }
      boolean isCma = Freetype.migratetype(buddy.takenFreetype(pfn)) == Migratetype.CMA;
      int type = isCma ? Migratetype.CMA : Freetype.migratetype(freetype);
      memmap.setPcp(pfn, order, list, pcp.cpu, type);
      pcp.list(list).addTail(pfn);
      cmaPages += isCma ? 1L << order : 0;
      got++;
    }
    zone.account(pcp.cpu, -((long) got << order), freetype);
    zone.addFreeCma(-cmaPages);
    zone.lock().drop();
    pcp.count += got << order;
    return got;
  }

  private static int refillPlain(PerCpuPages pcp, int order) {
    return pcp.batch > 1 ? Math.max(pcp.batch >> order, 2) : pcp.batch;
  }

  /** Models {@code nr_pcp_alloc()}. */
  private static int refillTuned(Zone zone, PerCpuPages pcp, int order) {
    int base = pcp.batch;
    if (pcp.high < base) {
      return 1;
    }
    int batch = order > 0 ? base : base << pcp.allocFactor;
    if (pcp.highMin != pcp.highMax && !zone.isBelowHigh()) {
      pcp.high = Math.min(pcp.high + batch, pcp.highMax);
    }
    if (order == 0) {
      int most = Math.max(pcp.high - pcp.count - base, base);
      if (batch <= most && pcp.allocFactor < BATCH_SCALE_MAX) {
        pcp.allocFactor++;
      }
      batch = Math.min(batch, most);
    }
    return batch > 1 ? Math.max(batch >> order, 2) : batch;
  }

  // ---- giving back

  /** Puts a freed block on its list and drains what exceeds the limit. */
  void free(Zone zone, PerCpuPages pcp, long pfn, int order, int freetype) {
    int list = PerCpuPages.index(listing.listed(freetype), order);
    pcp.allocFactor >>= 1;
    memmap.setPcp(pfn, order, list, pcp.cpu, listing.noted(freetype));
    pcp.list(list).addHead(pfn);
    pcp.count += 1 << order;
    if (!isSelfActing) {
      return;
    }
    boolean freesHigh = rules.autoTunesPcp() ? noteFree(pcp, order) : freesHighPlain(pcp, order);
    boolean isShortOfPages = zone.isReclaimActive() || zone.isBelowHigh();
    if (pcp.count >= pcp.high || freesHigh || isShortOfPages) {
      drainExcess(zone, pcp, list, freesHigh);
    }
  }

  /** Drains what exceeds the limit of the moment, which may be lower than {@code high}. */
  private void drainExcess(Zone zone, PerCpuPages pcp, int list, boolean freesHigh) {
    int limit =
        rules.autoTunesPcp() ? limitTuned(zone, pcp, freesHigh) : limitPlain(zone, pcp, freesHigh);
    if (pcp.count >= limit) {
      int pages =
          rules.autoTunesPcp() ? excessTuned(pcp, freesHigh) : excessPlain(pcp, limit, freesHigh);
      drainFrom(zone, pcp, pages, list);
      noteDrained(zone);
    }
  }

  private void drainFrom(Zone zone, PerCpuPages pcp, int pages, int list) {
    if (!rules.chunksDrains()) {
      drain(zone, pcp, pages, list);
      return;
    }
    int left = pages;
    while (left > 0 && pcp.count > 0) {
      int chunk = Math.min(left, Math.max(pcp.batch, 1));
      drain(zone, pcp, chunk, list);
      left -= chunk;
    }
  }

  private static boolean freesHighPlain(PerCpuPages pcp, int order) {
    return pcp.freeFactor > 0 && order > 0 && order <= PerCpuPages.COSTLY_ORDER;
  }

  private static int limitPlain(Zone zone, PerCpuPages pcp, boolean freesHigh) {
    if (pcp.high == 0 || freesHigh) {
      return 0;
    }
    return zone.isReclaimActive() ? Math.min(pcp.batch << 2, pcp.high) : pcp.high;
  }

  private static int excessPlain(PerCpuPages pcp, int limit, boolean freesHigh) {
    if (freesHigh) {
      return pcp.count;
    }
    if (limit < pcp.batch) {
      return 1;
    }
    int max = limit - pcp.batch;
    int batch = pcp.batch << pcp.freeFactor;
    if (batch <= max && pcp.freeFactor < BATCH_SCALE_MAX) {
      pcp.freeFactor++;
    }
    return Math.max(pcp.batch, Math.min(batch, max));
  }

  /** Updates what the 6.7 rules remember of a free; true when high orders pile up. */
  private static boolean noteFree(PerCpuPages pcp, int order) {
    boolean freesHigh = false;
    if (order > 0 && order <= PerCpuPages.COSTLY_ORDER) {
      freesHigh =
          pcp.freeCount >= pcp.batch + pcp.highMin / 2
              && pcp.freedHighOrder
              && (!pcp.freesHighBatch || pcp.count >= pcp.batch);
      pcp.freedHighOrder = true;
    } else {
      pcp.freedHighOrder = false;
    }
    if (pcp.freeCount < pcp.batch << BATCH_SCALE_MAX) {
      pcp.freeCount += 1 << order;
    }
    return freesHigh;
  }

  /** Models {@code nr_pcp_high()} of 6.7 and later. */
  private static int limitTuned(Zone zone, PerCpuPages pcp, boolean freesHigh) {
    int high = Math.clamp(pcp.high, pcp.highMin, Math.max(pcp.highMin, pcp.highMax));
    if (high == 0) {
      return 0;
    }
    if (freesHigh) {
      pcp.high = Math.max(high - (pcp.batch << BATCH_SCALE_MAX), pcp.highMin);
      return 0;
    }
    int recent = Math.max(pcp.freeCount, pcp.batch);
    if (zone.isReclaimActive()) {
      pcp.high = Math.max(high - recent, pcp.highMin);
      return Math.min(pcp.batch << 2, pcp.high);
    }
    if (pcp.highMin == pcp.highMax) {
      return high;
    }
    if (zone.isBelowHigh()) {
      pcp.high = Math.max(high - recent, pcp.highMin);
      return Math.max(pcp.count, pcp.highMin);
    }
    if (pcp.count >= high) {
      pcp.high = Math.clamp(pcp.freeCount + pcp.batch, high, Math.max(high, pcp.highMax));
    }
    return high;
  }

  private static int excessTuned(PerCpuPages pcp, boolean freesHigh) {
    if (freesHigh) {
      return Math.min(pcp.count, pcp.batch << BATCH_SCALE_MAX);
    }
    if (pcp.high < pcp.batch) {
      return 1;
    }
    int max = pcp.high - pcp.batch;
    return max < pcp.batch ? pcp.batch : Math.clamp(pcp.freeCount, pcp.batch, max);
  }

  private void noteDrained(Zone zone) {
    if (zone.isBelowHigh() && zone.freePages().visible() > zone.marks()[AllocFlags.WMARK_HIGH]) {
      zone.setBelowHigh(false);
    }
  }

  /** Frees pages list by list, from the tails, starting with {@code first}. */
  void drain(Zone zone, PerCpuPages pcp, int pages, int first) {
    zone.lock().hold(pcp.cpu);
    int left = Math.min(pages, pcp.count);
    int list = first;
    while (left > 0) {
      while (pcp.list(list).isEmpty()) {
        list = list + 1 == PerCpuPages.LISTS ? 0 : list + 1;
      }
      int order = PerCpuPages.order(list, memmap.blockOrder());
      while (left > 0 && !pcp.list(list).isEmpty()) {
        drainOne(zone, pcp, list, order);
        left -= 1 << order;
      }
      list = list + 1 == PerCpuPages.LISTS ? 0 : list + 1;
    }
    zone.lock().drop();
  }

  private void drainOne(Zone zone, PerCpuPages pcp, int list, int order) {
    long pfn = pcp.list(list).removeTail();
    int noted = memmap.notedType(pfn);
    pcp.count -= 1 << order;
    int freetype = memmap.blockFreetype(pfn);
    if (!rules.listsFollowBlocks() && zone.isolatedBlocks() == 0) {
      freetype = Freetype.withMigratetype(freetype, noted);
    }
    buddy.free(zone, pcp.cpu, pfn, order, freetype, /* toTail= */ false);
    buddy.sink().drained(pcp.cpu, pfn, order, Freetype.migratetype(freetype));
  }

  /** Lets lists that grew shrink again. Models {@code decay_pcp_high()} (6.7). */
  void decay(Zone zone, PerCpuPages pcp) {
    if (!rules.autoTunesPcp()) {
      return;
    }
    if (pcp.high > pcp.highMin) {
      int high = Math.max(pcp.count - (pcp.batch << BATCH_SCALE_MAX), pcp.high - (pcp.high >> 3));
      pcp.high = Math.max(high, pcp.highMin);
    }
    int excess = pcp.count - pcp.high;
    while (excess > 0) {
      drain(zone, pcp, Math.min(excess, pcp.batch), /* first= */ 0);
      excess -= pcp.batch;
    }
  }

  /** Empties the lists of a CPU. Models {@code drain_pages_zone()}. */
  void drainAll(Zone zone, PerCpuPages pcp) {
    drain(zone, pcp, pcp.count, /* first= */ 0);
  }

  /** The per-CPU list of {@code zone} that holds a block, or null. */
  @Nullable PerCpuPages holder(Zone zone, long pfn) {
    return memmap.state(pfn) == Memmap.PCP ? of(zone, memmap.cpu(pfn)) : null;
  }
}
