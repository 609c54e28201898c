package org.pagewright.lab.trace;

import java.util.Arrays;

/** A set of frames as bits, in pieces that exist only where a frame was ever added. */
final class FrameSet {
  private static final int PIECE_SHIFT = 15;
  private static final int PIECE_WORDS = 1 << (PIECE_SHIFT - 6);
  private static final long[] EMPTY = {};

  private long[][] pieces = {};

  boolean contains(long pfn) {
    int piece = (int) (pfn >>> PIECE_SHIFT);
    return piece < pieces.length
        && pieces[piece].length > 0
        && (pieces[piece][word(pfn)] >>> pfn & 1) != 0;
  }

  /** Adds the {@code 2^order} frames from {@code pfn} on. */
  void add(long pfn, int order) {
    if (order >= 6) {
      for (long at = pfn; at < pfn + (1L << order); at += Long.SIZE) {
        piece(at)[word(at)] = -1;
      }
    } else {
      piece(pfn)[word(pfn)] |= mask(pfn, order);
    }
  }

  /** Removes the {@code 2^order} frames from {@code pfn} on. */
  void remove(long pfn, int order) {
    if (order >= 6) {
      for (long at = pfn; at < pfn + (1L << order); at += Long.SIZE) {
        piece(at)[word(at)] = 0;
      }
    } else {
      piece(pfn)[word(pfn)] &= ~mask(pfn, order);
    }
  }

  private static long mask(long pfn, int order) {
    return ((1L << (1 << order)) - 1) << pfn;
  }

  private static int word(long pfn) {
    return (int) (pfn >>> 6) & (PIECE_WORDS - 1);
  }

  private long[] piece(long pfn) {
    int piece = (int) (pfn >>> PIECE_SHIFT);
    if (piece >= pieces.length) {
      int length = Math.max(piece + 1, 2 * pieces.length);
      int had = pieces.length;
      pieces = Arrays.copyOf(pieces, length);
      Arrays.fill(pieces, had, length, EMPTY);
    }
    if (pieces[piece].length == 0) {
      pieces[piece] = new long[PIECE_WORDS];
    }
    return pieces[piece];
  }
}
