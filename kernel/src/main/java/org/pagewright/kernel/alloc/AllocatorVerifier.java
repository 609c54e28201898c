package org.pagewright.kernel.alloc;

import java.util.BitSet;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/** Looks for a broken invariant in a whole allocator; linear in what is free. */
public final class AllocatorVerifier {
  private final PageAllocator allocator;
  private final Memmap memmap;
  private final BitSet seen = new BitSet();

  private AllocatorVerifier(PageAllocator allocator) {
    this.allocator = allocator;
    this.memmap = allocator.memmap;
  }

  /** All frames on free lists and on lists of CPUs. */
  public static BitSet listed(PageAllocator allocator) {
    AllocatorVerifier verifier = new AllocatorVerifier(allocator);
    for (Zone zone : allocator.zones) {
      for (int order = 0; order < Zone.ORDERS; order++) {
        for (int index = 0; index < Freetype.INDEXES; index++) {
          verifier.note(zone.free().toArray(Zone.list(order, index)), order);
        }
      }
      for (PerCpuPages pcp : allocator.pcpLists.of(zone)) {
        for (int list = 0; list < PerCpuPages.LISTS; list++) {
          int order = PerCpuPages.order(list, allocator.memmap.blockOrder());
          verifier.note(pcp.list(list).toArray(), order);
        }
      }
    }
    return verifier.seen;
  }

  private void note(long[] pfns, int order) {
    for (long pfn : pfns) {
      seen.set((int) pfn, (int) pfn + (1 << order));
    }
  }

  /** The first invariant that does not hold, or null. */
  public static @Nullable String firstBroken(PageAllocator allocator) {
    return new AllocatorVerifier(allocator).firstBroken(pfn -> true);
  }

  /**
   * The same, and each free frame's presence in the direct map must agree with the flag of its
   * pageblock.
   */
  public static @Nullable String firstBroken(PageAllocator allocator, LongPredicate isPresent) {
    return new AllocatorVerifier(allocator)
        .firstBroken(pfn -> isPresent.test(pfn) != allocator.isUnmapped(pfn));
  }

  /**
   * The first bound that is not kept, or null: of the memory that a zone has, of its high-atomic
   * reserve, and of what its CPUs may keep.
   */
  public static @Nullable String firstBrokenBound(PageAllocator allocator) {
    for (Zone zone : allocator.zones) {
      String broken = brokenBound(allocator, zone);
      if (broken != null) {
        return "zone " + zone.kind().label() + ": " + broken;
      }
    }
    return null;
  }

  private static @Nullable String brokenBound(PageAllocator allocator, Zone zone) {
    if (zone.managedPages() > zone.presentPages()) {
      return "%d pages are managed and %d present"
          .formatted(zone.managedPages(), zone.presentPages());
    }
    Memmap memmap = allocator.memmap;
    long block = memmap.blockPages();
    long reserved = 0;
    for (long at = zone.startPfn() & -block; at < zone.endPfn(); at += block) {
      boolean isReserved = zone.spans(at) && memmap.blockType(at) == Migratetype.HIGHATOMIC;
      reserved += isReserved ? block : 0;
    }
    long most = zone.managedPages() / 100 + block - 1 & -block;
    if (reserved > most) {
      return "%d pages are reserved for high-atomic requests, %d allowed".formatted(reserved, most);
    }
    return allocator.config.rules().autoTunesPcp() ? brokenPcpBound(allocator, zone) : null;
  }

  private static @Nullable String brokenPcpBound(PageAllocator allocator, Zone zone) {
    long least = 0;
    long batches = 0;
    for (PerCpuPages pcp : allocator.pcpLists.of(zone)) {
      long frees = ((long) pcp.batch << PcpLists.BATCH_SCALE_MAX) + allocator.memmap.blockPages();
      if (pcp.high < pcp.highMin || pcp.high > pcp.highMax || pcp.freeCount > frees) {
        return "CPU %d may keep %d pages, from %d to %d are allowed; it remembers %d frees"
            .formatted(pcp.cpu, pcp.high, pcp.highMin, pcp.highMax, pcp.freeCount);
      }
      least += pcp.highMin;
      batches += 4L * pcp.batch;
    }
    long low = zone.marks()[AllocFlags.WMARK_LOW];
    return least <= Math.max(low, batches)
        ? null
        : "CPUs always keep up to %d pages, above the low mark %d".formatted(least, low);
  }

  private @Nullable String firstBroken(LongPredicate agrees) {
    for (Zone zone : allocator.zones) {
      String broken = brokenZone(zone, agrees);
      if (broken != null) {
        return "zone " + zone.kind().label() + ": " + broken;
      }
    }
    return null;
  }

  private @Nullable String brokenZone(Zone zone, LongPredicate agrees) {
    long counted = 0;
    for (int order = 0; order < Zone.ORDERS; order++) {
      long blocks = 0;
      for (int index = 0; index < Freetype.INDEXES; index++) {
        int length = zone.free().length(Zone.list(order, index));
        blocks += length;
        counted += index == Migratetype.ISOLATE ? 0 : (long) length << order;
        String broken = brokenList(zone, order, index, agrees);
        if (broken != null) {
          return broken;
        }
      }
      if (blocks != zone.freeBlocks()[order]) {
        return "order %d: %d blocks on lists, counter %d"
            .formatted(order, blocks, zone.freeBlocks()[order]);
      }
    }
    if (counted != zone.freePages().exact()) {
      return "%d pages on lists, counter %d".formatted(counted, zone.freePages().exact());
    }
    String broken = brokenCounter(zone);
    return broken == null ? brokenPcp(zone) : broken;
  }

  /** Counters of kinds of free pages against the lists of those kinds. */
  private @Nullable String brokenCounter(Zone zone) {
    if (zone.lostPages() != 0) {
      return "%d pages went to a list that does not exist".formatted(zone.lostPages());
    }
    long[] pages = new long[Freetype.INDEXES];
    long mappedBlocks = 0;
    long unmappedBlocks = 0;
    for (int order = 0; order < Zone.ORDERS; order++) {
      for (int index = 0; index < Freetype.INDEXES; index++) {
        long listed = (long) zone.free().length(Zone.list(order, index)) << order;
        pages[index] += listed;
        boolean countsBlocks = order >= memmap.blockOrder() && index != Migratetype.ISOLATE;
        mappedBlocks += countsBlocks && index != Migratetype.TYPES ? listed : 0;
        unmappedBlocks += countsBlocks && index == Migratetype.TYPES ? listed : 0;
      }
    }
    String broken = differs("CMA pages", pages[Migratetype.CMA], zone.freeCma());
    // Kernels before 6.12 do not count them, and merge them with pages of other lists.
    if (broken == null && allocator.config.rules().countsFreeReserve()) {
      broken = differs("high-atomic pages", pages[Migratetype.HIGHATOMIC], zone.freeHighatomic());
    }
    if (broken == null) {
      broken = differs("mapped block pages", mappedBlocks, zone.freeBlockPagesMapped());
    }
    return broken == null
        ? differs("unmapped block pages", unmappedBlocks, zone.freeBlockPagesUnmapped())
        : broken;
  }

  private static @Nullable String differs(String what, long listed, long counted) {
    return listed == counted
        ? null
        : "%d free %s on lists, counter %d".formatted(listed, what, counted);
  }

  private @Nullable String brokenList(Zone zone, int order, int index, LongPredicate agrees) {
    for (long pfn : zone.free().toArray(Zone.list(order, index))) {
      String broken = brokenBlock(zone, pfn, order, index, agrees);
      if (broken != null) {
        return broken;
      }
    }
    return null;
  }

  private @Nullable String brokenBlock(
      Zone zone, long pfn, int order, int index, LongPredicate agrees) {
    if (!memmap.isFreeOfOrder(pfn, order) || memmap.list(pfn) != index) {
      return "frame 0x%x is listed as free of order %d, its word differs".formatted(pfn, order);
    }
    if ((pfn & ((1L << order) - 1)) != 0 || !zone.spans(pfn)) {
      return "frame 0x%x of order %d is misaligned or outside".formatted(pfn, order);
    }
    if (claims(pfn, order)) {
      return "frame 0x%x of order %d is listed twice".formatted(pfn, order);
    }
    int freetype = memmap.blockFreetype(pfn);
    if (allocator.config.rules().listsFollowBlocks() && Freetype.index(freetype) != index) {
      return "frame 0x%x is on list %d, its pageblock has freetype %d"
          .formatted(pfn, index, freetype);
    }
    if (Freetype.isUnmapped(freetype) != (index == Migratetype.TYPES)) {
      return "frame 0x%x: pageblock flag and list %d differ".formatted(pfn, index);
    }
    for (long at = pfn; at < pfn + (1L << order); at++) {
      if (!agrees.test(at)) {
        return "frame 0x%x: direct map and pageblock flag differ".formatted(at);
      }
    }
    return null;
  }

  private boolean claims(long pfn, int order) {
    int from = Math.toIntExact(pfn);
    int to = from + (1 << order);
    int next = seen.nextSetBit(from);
    seen.set(from, to);
    return next >= 0 && next < to;
  }

  private @Nullable String brokenPcp(Zone zone) {
    for (PerCpuPages pcp : allocator.pcpLists.of(zone)) {
      long pages = 0;
      for (int list = 0; list < PerCpuPages.LISTS; list++) {
        int order = PerCpuPages.order(list, memmap.blockOrder());
        pages += (long) pcp.list(list).length() << order;
        String broken = brokenPcpList(pcp, list, order);
        if (broken != null) {
          return broken;
        }
      }
      if (pages != pcp.count) {
        return "CPU %d: %d pages on lists, count %d".formatted(pcp.cpu, pages, pcp.count);
      }
    }
    return null;
  }

  private @Nullable String brokenPcpList(PerCpuPages pcp, int list, int order) {
    for (long pfn : pcp.list(list).toArray()) {
      if (memmap.state(pfn) != Memmap.PCP || claims(pfn, order)) {
        return "frame 0x%x on a list of CPU %d is elsewhere too".formatted(pfn, pcp.cpu);
      }
    }
    return null;
  }
}
