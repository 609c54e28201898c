package org.pagewright.kernel.kpkeys;

import java.util.BitSet;
import org.pagewright.kernel.boot.EarlyMemory;
import org.pagewright.kernel.directmap.KernelImage;

/**
 * Tables that were taken before the page allocator ran, and what is remembered of them. Models the
 * physical memory allocator of {@code mm/kpkeys_hardened_pgtables.c} ({@code ppa_*}, v6 and v7).
 *
 * <p>The key cannot be set that early, so ranges are recorded and coloured later. The record is
 * bounded, because nothing larger can be allocated yet.
 */
final class EarlyPages {
  private final int pageShift;
  private final long pageBytes;

  /** {@code PAGE_SIZE << refill_orders[0]}. */
  private final long chunkBytes;

  /** Where the next static table of the kernel image ends. */
  private long staticEndPa;

  private final long staticFloorPa;
  private final KpkeysConfig.Early rule;
  private final long[] from;
  private final long[] to;
  private final BitSet taken = new BitSet();
  private final BitSet statics = new BitSet();
  private int ranges;
  private long chunkFrom;
  private long chunkNext;
  private long chunkEnd;
  private long untracked;

  /** A record for pages of a size; top tables stand at the end of the image, if there is one. */
  EarlyPages(KpkeysConfig config, int pageShift, KernelImage image) {
    this.rule = config.early();
    this.from = new long[config.earlyRanges()];
    this.to = new long[config.earlyRanges()];
    this.pageShift = pageShift;
    this.pageBytes = 1L << pageShift;
    this.chunkBytes = pageBytes << config.refillOrders(pageShift).getFirst();
    this.staticEndPa = image.endPa();
    this.staticFloorPa = image.rodataEndPa();
  }

  /** Takes memory for a table. Models {@code kpkeys_physmem_pgtable_alloc()}. */
  long take(EarlyMemory memory, long bytes, boolean isTop, long floorPa) {
    if (isTop) {
      boolean fits = staticEndPa - bytes >= staticFloorPa && staticEndPa > 0;
      long pa = fits ? (staticEndPa -= bytes) : single(memory, bytes, floorPa);
      statics.set(frame(pa), frame(pa + bytes));
      return pa;
    }
    boolean hasChunks = rule == KpkeysConfig.Early.CHUNKS && bytes == pageBytes;
    if (hasChunks && (chunkNext > chunkFrom || nextChunk(memory, floorPa))) {
      chunkNext -= pageBytes;
      taken.set(frame(chunkNext));
      return chunkNext;
    }
    long pa = single(memory, bytes, floorPa);
    if (pa == EarlyMemory.NONE) {
      return pa;
    }
    taken.set(frame(pa), frame(pa + bytes));
    if (rule == KpkeysConfig.Early.PAGES) {
      record(pa, pa + bytes);
    } else if (rule == KpkeysConfig.Early.CHUNKS) {
      untracked++; // as posted: a page without a chunk is not remembered
    }
    return pa;
  }

  private static long single(EarlyMemory memory, long bytes, long floorPa) {
    return memory.allocate(bytes, bytes, floorPa, memory.endPa());
  }

  private boolean nextChunk(EarlyMemory memory, long floorPa) {
    long pa = single(memory, chunkBytes, floorPa);
    if (pa == EarlyMemory.NONE) {
      return false;
    }
    if (chunkEnd != 0) {
      record(chunkFrom, chunkEnd);
    }
    chunkFrom = pa;
    chunkEnd = pa + chunkBytes;
    chunkNext = chunkEnd;
    return true;
  }

  private void record(long low, long high) {
    if (ranges > 0 && to[ranges - 1] == low) {
      to[ranges - 1] = high;
    } else if (ranges > 0 && from[ranges - 1] == high) {
      from[ranges - 1] = low;
    } else if (ranges == from.length) {
      untracked++;
    } else {
      from[ranges] = low;
      to[ranges++] = high;
    }
  }

  private int frame(long pa) {
    return Math.toIntExact(pa >>> pageShift);
  }

  /** The last chunk counts as a range with the part that is in use. */
  void closeChunk() {
    if (chunkNext < chunkEnd) {
      record(chunkNext, chunkEnd);
    }
    chunkEnd = chunkNext;
  }

  /** First frame of what the last chunk has left over. */
  long leftoverFrom() {
    return chunkFrom >>> pageShift;
  }

  /** End of what the last chunk has left over. */
  long leftoverTo() {
    return chunkNext >>> pageShift;
  }

  int ranges() {
    return ranges;
  }

  long fromFrame(int range) {
    return from[range] >>> pageShift;
  }

  long toFrame(int range) {
    return to[range] >>> pageShift;
  }

  /** Top tables, which stand in the kernel image in Linux. */
  BitSet statics() {
    return statics;
  }

  /** Whether a table was in this frame before the page allocator ran. */
  boolean isEarly(long pfn) {
    int frame = Math.toIntExact(pfn);
    return taken.get(frame) || statics.get(frame);
  }

  /** Tables that nobody remembers. */
  long untracked() {
    return untracked;
  }
}
