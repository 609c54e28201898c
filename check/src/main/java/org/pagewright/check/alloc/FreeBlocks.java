package org.pagewright.check.alloc;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.pagewright.hardware.cpu.EventLog;
import org.pagewright.kernel.alloc.PageAllocator;
import org.pagewright.kernel.arch.KernelEvent;
import org.pagewright.kernel.buddy.Freetype;
import org.pagewright.kernel.buddy.Migratetype;
import org.pagewright.kernel.buddy.Zone;

/** Which blocks lie on free lists, kept from the events of an allocator. */
final class FreeBlocks {
  /** With these events blocks come and go. */
  static final EventLog.Kinds KINDS =
      EventLog.Kinds.of(KernelEvent.FREE_LIST_ADD, KernelEvent.FREE_LIST_REMOVE);

  private static final byte NOT_FREE = -1;

  private final List<Zone> zones;

  /** Order of the free block that begins at a frame, or {@link #NOT_FREE}. */
  private final byte[] orders;

  /** Freetype of the list of the free block that begins at a frame. */
  private final byte[] freetypes;

  private final BitSet free;

  /** By zone, order and index of the freetype. */
  private final int[][][] counts;

  /** Starts with what is free by now. */
  FreeBlocks(PageAllocator allocator) {
    int frames = Math.toIntExact(allocator.config().frames());
    this.zones = allocator.zones();
    this.orders = new byte[frames];
    this.freetypes = new byte[frames];
    this.free = new BitSet(frames);
    this.counts = new int[zones.size()][Zone.ORDERS][Freetype.INDEXES];
    Arrays.fill(orders, NOT_FREE);
    for (Zone zone : zones) {
      for (int order = 0; order < Zone.ORDERS; order++) {
        addLists(zone, order);
      }
    }
  }

  private void addLists(Zone zone, int order) {
    for (int index = 0; index < Freetype.INDEXES; index++) {
      for (long pfn : zone.free().toArray(Zone.list(order, index))) {
        add((int) pfn, order, Freetype.atIndex(index));
      }
    }
  }

  void event(int kind, long a, long b, long c) {
    if (kind == KernelEvent.FREE_LIST_ADD && Freetype.index((int) c) != Freetype.NO_LIST) {
      add((int) a, (int) b, (int) c);
    } else if (kind == KernelEvent.FREE_LIST_REMOVE) {
      remove((int) a, (int) b, (int) c);
    }
  }

  private void add(int pfn, int order, int freetype) {
    orders[pfn] = (byte) order;
    freetypes[pfn] = (byte) freetype;
    free.set(pfn, pfn + (1 << order));
    counts[zoneOf(pfn).id()][order][Freetype.index(freetype)]++;
  }

  private void remove(int pfn, int order, int freetype) {
    orders[pfn] = NOT_FREE;
    free.clear(pfn, pfn + (1 << order));
    counts[zoneOf(pfn).id()][order][Freetype.index(freetype)]--;
  }

  Zone zoneOf(long pfn) {
    for (Zone zone : zones) {
      if (zone.spans(pfn)) {
        return zone;
      }
    }
    throw new IllegalArgumentException("no zone spans frame " + pfn);
  }

  /** Whether a free block begins at a frame. */
  boolean isHead(int pfn) {
    return orders[pfn] != NOT_FREE;
  }

  int order(int pfn) {
    return orders[pfn];
  }

  int freetype(int pfn) {
    return freetypes[pfn];
  }

  /** The first frame of a range that is free, or -1. */
  int firstFree(int pfn, int order) {
    int first = free.nextSetBit(pfn);
    return first < pfn + (1 << order) ? first : -1;
  }

  /** Pages on the lists of a migratetype, whatever the flags. */
  long pages(Zone zone, int migratetype) {
    long pages = 0;
    for (int order = 0; order < Zone.ORDERS; order++) {
      for (int index = 0; index < Freetype.INDEXES; index++) {
        if (Freetype.migratetype(Freetype.atIndex(index)) == migratetype) {
          pages += (long) counts[zone.id()][order][index] << order;
        }
      }
    }
    return pages;
  }

  /** Pages on the lists of unmapped pageblocks. */
  long unmappedPages(Zone zone) {
    long pages = 0;
    for (int order = 0; order < Zone.ORDERS; order++) {
      pages += (long) counts[zone.id()][order][Migratetype.TYPES] << order;
    }
    return pages;
  }

  /** Pages on all lists but those of isolated pageblocks. */
  long usablePages(Zone zone) {
    long pages = 0;
    for (int type = 0; type < Migratetype.TYPES; type++) {
      pages += type == Migratetype.ISOLATE ? 0 : pages(zone, type);
    }
    return pages;
  }

  /** Whether a list of a freetype has a block of at least an order. */
  boolean has(Zone zone, int order, int freetype) {
    for (int size = order; size < Zone.ORDERS; size++) {
      if (counts[zone.id()][size][Freetype.index(freetype)] > 0) {
        return true;
      }
    }
    return false;
  }
}
