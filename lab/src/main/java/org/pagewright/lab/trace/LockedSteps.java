package org.pagewright.lab.trace;

import java.util.Arrays;

/**
 * The blocks that moved under a zone's lock on one CPU: ours beside the recorded ones.
 *
 * <p>Ours come when the replayed operation runs, the recorded ones when their events are read. Both
 * are sequences; equal beginnings cancel out, and what is left at the end of an operation is where
 * the two part.
 */
final class LockedSteps {
  private static final int INITIAL = 1 << 10;

  private long[] ours = new long[INITIAL];
  private long[] recorded = new long[INITIAL];
  private int ourCount;
  private int recordedCount;
  private int matched;
  private long ourTotal;
  private long recordedTotal;

  /** A block as one word. */
  static long block(long pfn, int order, int migratetype) {
    return pfn | (long) order << 48 | (long) migratetype << 56;
  }

  static long pfn(long block) {
    return block & (1L << 48) - 1;
  }

  static int order(long block) {
    return (int) (block >>> 48) & 0xff;
  }

  static int migratetype(long block) {
    return (int) (block >>> 56);
  }

  void addOurs(long block) {
    if (ourCount == ours.length) {
      ours = Arrays.copyOf(ours, 2 * ourCount);
    }
    ours[ourCount++] = block;
    ourTotal++;
    match();
  }

  void addRecorded(long block) {
    if (recordedCount == recorded.length) {
      recorded = Arrays.copyOf(recorded, 2 * recordedCount);
    }
    recorded[recordedCount++] = block;
    recordedTotal++;
    match();
  }

  private void match() {
    while (matched < ourCount && matched < recordedCount && ours[matched] == recorded[matched]) {
      matched++;
    }
    if (matched == ourCount && matched == recordedCount) {
      clear();
    }
  }

  /** Whether everything so far is equal, with nothing left on either side. */
  boolean isEven() {
    return ourCount == 0 && recordedCount == 0;
  }

  void clear() {
    matched = 0;
    ourCount = 0;
    recordedCount = 0;
  }

  /** Number of our blocks without a counterpart. */
  int oursLeft() {
    return ourCount - matched;
  }

  int recordedLeft() {
    return recordedCount - matched;
  }

  long ours(int left) {
    return ours[matched + left];
  }

  long recorded(int left) {
    return recorded[matched + left];
  }

  long ourTotal() {
    return ourTotal;
  }

  long recordedTotal() {
    return recordedTotal;
  }
}
