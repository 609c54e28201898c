package org.pagewright.kernel.boot;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.pagewright.hardware.memory.MemoryMap;

/**
 * The allocator that works before the page allocator does: memory ranges minus reserved ranges.
 *
 * <p>Models {@code memblock} (mm/memblock.c) as far as x86, arm64 and riscv use it for page tables
 * and the memory map: first fit from the top, nothing is ever given back. Regions are kept as
 * sorted arrays, because there are few of them. Left out: nodes, mirrored and no-map memory,
 * bottom-up mode.
 */
public final class EarlyMemory {
  /** No range is large enough. */
  public static final long NONE = -1;

  private static final int REGIONS_AT_FIRST = 16;

  private final MemoryMap memory;
  private long[] from = new long[REGIONS_AT_FIRST];
  private long[] to = new long[REGIONS_AT_FIRST];
  private int reservations;
  private long reservedBytes;

  /** All of {@code memory}, nothing reserved. */
  public EarlyMemory(MemoryMap memory) {
    this.memory = memory;
  }

  /** Sets {@code [fromPa, toPa)} aside; it may overlap what is reserved already or no memory. */
  public void reserve(long fromPa, long toPa) {
    if (fromPa < 0 || fromPa >= toPa) {
      throw new IllegalArgumentException("empty range " + fromPa + " to " + toPa);
    }
    int first = 0;
    while (first < reservations && to[first] < fromPa) {
      first++;
    }
    long low = fromPa;
    long high = toPa;
    int end = first;
    while (end < reservations && from[end] <= high) {
      low = Math.min(low, from[end]);
      high = Math.max(high, to[end]);
      reservedBytes -= to[end] - from[end];
      end++;
    }
    replace(first, end, low, high);
    reservedBytes += high - low;
  }

  /**
   * Takes the highest suitable range in {@code [floorPa, belowPa)}.
   *
   * @param alignBytes a power of two
   * @return its physical address, or {@link #NONE}
   */
  public long allocate(long bytes, long alignBytes, long floorPa, long belowPa) {
    if (bytes <= 0 || Long.bitCount(alignBytes) != 1) {
      throw new IllegalArgumentException(bytes + " bytes aligned to " + alignBytes);
    }
    List<MemoryMap.Range> ranges = memory.ranges();
    for (int i = ranges.size() - 1; i >= 0; i--) {
      long low = Math.max(ranges.get(i).from(), floorPa);
      long pa = highestFit(low, Math.min(ranges.get(i).to(), belowPa), bytes, alignBytes);
      if (pa != NONE) {
        reserve(pa, pa + bytes);
        return pa;
      }
    }
    return NONE;
  }

  private long highestFit(long low, long high, long bytes, long alignBytes) {
    long top = high;
    for (int i = reservations - 1; i >= -1; i--) {
      long gapFrom = i < 0 ? low : Math.max(low, to[i]);
      if (top - bytes >= gapFrom) {
        long pa = top - bytes & -alignBytes;
        if (pa >= gapFrom) {
          return pa;
        }
      }
      if (i >= 0) {
        top = Math.min(top, from[i]);
      }
    }
    return NONE;
  }

  private void replace(int first, int end, long low, long high) {
    int shift = 1 - (end - first);
    if (reservations + shift > from.length) {
      from = Arrays.copyOf(from, from.length * 2);
      to = Arrays.copyOf(to, to.length * 2);
    }
    System.arraycopy(from, end, from, end + shift, reservations - end);
    System.arraycopy(to, end, to, end + shift, reservations - end);
    from[first] = low;
    to[first] = high;
    reservations += shift;
  }

  /** First address behind all memory. */
  public long endPa() {
    return memory.endBytes();
  }

  /** Whether {@code pa} is reserved. */
  public boolean isReserved(long pa) {
    for (int i = 0; i < reservations; i++) {
      if (pa >= from[i] && pa < to[i]) {
        return true;
      }
    }
    return false;
  }

  /** Bytes set aside so far. */
  public long reservedBytes() {
    return reservedBytes;
  }

  /** What is left, in ascending order: what the page allocator is handed at the end of boot. */
  public List<MemoryMap.Range> freeRanges() {
    List<MemoryMap.Range> free = new ArrayList<>();
    for (MemoryMap.Range range : memory.ranges()) {
      long at = range.from();
      for (int i = 0; i < reservations && at < range.to(); i++) {
        if (to[i] <= at || from[i] >= range.to()) {
          continue;
        }
        if (from[i] > at) {
          free.add(new MemoryMap.Range(at, from[i]));
        }
        at = to[i];
      }
      if (at < range.to()) {
        free.add(new MemoryMap.Range(at, range.to()));
      }
    }
    return free;
  }
}
