package org.pagewright.kernel.mermap;

import java.util.Arrays;

/**
 * The addresses of one CPU in one address space: which are handed out, and which were never used
 * since this CPU's last flush. Models {@code struct mermap_cpu} (mm/mermap.c, v1 and v2).
 */
final class MermapWindow {
  /*
   * What Linux does. Addresses are handed out upwards. What is given back is not used again before
   * the whole window above the highest mapping in use was flushed from this CPU's TLB.
   *
   *   never used since the flush  ........  next
   *   given back, maybe in the TLB          below next, above the highest record in use
   *
   * What this does. The same; the flush itself is the caller's, between `wrapStart` and `wrap`.
   *
   * Why it is right. [next, end) is absent from this CPU's TLB: it was flushed after the last use,
   * and a request that would not fit resets next only together with a flush.
   */

  /** Bound on records of one window: a handle keeps the record in the bits below the page. */
  static final int RECORDS_MAX = 1 << 6;

  /** Outcome: no address space, even after a flush. */
  static final int NO_ROOM = -1;

  /** Outcome: no record is free. */
  static final int NO_RECORD = -2;

  private final long firstVa;
  private final long endVa;
  private final long reserveBytes;
  private final int normalRecords;
  private final int reserveRecord;
  private final long[] recordFrom;
  private final long[] recordTo;
  private long usedRecords;
  private long nextVa;

  private long gets;
  private long puts;
  private long flushes;
  private long failures;

  MermapWindow(MermapConfig config, long firstVa, long pageBytes) {
    this.firstVa = firstVa;
    this.endVa = firstVa + config.windowPages() * pageBytes;
    this.reserveBytes = config.reservePages() * pageBytes;
    this.normalRecords = config.normalRecords();
    this.reserveRecord = config.ownReserveRecord() ? normalRecords : NO_RECORD;
    this.recordFrom = new long[config.records()];
    this.recordTo = new long[config.records()];
    this.nextVa = firstVa;
    Arrays.fill(recordFrom, firstVa);
    Arrays.fill(recordTo, firstVa);
  }

  /** End of what a request may use: the reserved pages are only for the reserved request. */
  long limit(boolean reserved) {
    return reserved ? endVa : endVa - reserveBytes;
  }

  /** Whether {@code bytes} fit below the limit without a flush. */
  boolean fits(long bytes, boolean reserved) {
    return nextVa + bytes <= limit(reserved);
  }

  /** Where the window could start again after a flush: above every normal mapping in use. */
  long wrapStart() {
    long start = firstVa;
    for (int record = 0; record < normalRecords; record++) {
      if (inUse(record)) {
        start = Math.max(start, recordTo[record]);
      }
    }
    return start;
  }

  /** Whether {@code bytes} would fit from {@code start} on. */
  boolean fitsFrom(long start, long bytes, boolean reserved) {
    return start + bytes <= limit(reserved);
  }

  /** Starts again at {@code start}; everything from there on was just flushed. */
  void wrap(long start) {
    assert start >= firstVa && start <= endVa : Long.toHexString(start);
    nextVa = start;
    flushes++;
  }

  /** A free record for such a request, or {@link #NO_RECORD}. */
  int freeRecord(boolean reserved) {
    if (reserved && reserveRecord >= 0) {
      return inUse(reserveRecord) ? NO_RECORD : reserveRecord;
    }
    int record = Long.numberOfTrailingZeros(~usedRecords);
    return record < normalRecords ? record : NO_RECORD;
  }

  /** Hands out the next {@code bytes}, noted in {@code record}; returns their address. */
  long take(int record, long bytes) {
    assert !inUse(record) : record;
    long va = nextVa;
    recordFrom[record] = va;
    recordTo[record] = va + bytes;
    usedRecords |= 1L << record;
    nextVa += bytes;
    gets++;
    return va;
  }

  /** Gives the record back; its addresses stay unusable until the next flush. */
  void release(int record) {
    assert inUse(record) : record;
    usedRecords &= ~(1L << record);
    puts++;
  }

  /** Undoes {@link #take} of a request whose mapping failed. */
  void cancel(int record) {
    assert inUse(record) : record;
    usedRecords &= ~(1L << record);
    gets--;
    failures++;
  }

  void countFailure() {
    failures++;
  }

  boolean inUse(int record) {
    return ((usedRecords >>> record) & 1) != 0;
  }

  /** Whether the record of the reserved user is taken, so that nobody else should be here. */
  boolean reserveRecordInUse() {
    return reserveRecord >= 0 && inUse(reserveRecord);
  }

  boolean anyInUse() {
    return usedRecords != 0;
  }

  int records() {
    return recordFrom.length;
  }

  long from(int record) {
    return recordFrom[record];
  }

  long to(int record) {
    return recordTo[record];
  }

  long firstVa() {
    return firstVa;
  }

  long endVa() {
    return endVa;
  }

  long nextVa() {
    return nextVa;
  }

  long gets() {
    return gets;
  }

  long puts() {
    return puts;
  }

  long flushes() {
    return flushes;
  }

  long failures() {
    return failures;
  }
}
