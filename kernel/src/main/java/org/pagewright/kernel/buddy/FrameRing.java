package org.pagewright.kernel.buddy;

import java.util.Arrays;

/**
 * Frames in an order, taken and given at both ends: one per-CPU list.
 *
 * <p>Linux threads these lists through {@code struct page}. An array has the same order, and who
 * takes a frame at one end touches no other frame for it.
 */
public final class FrameRing {
  private static final int CAPACITY_MIN = 8;

  /** Frame numbers as unsigned; the length is a power of two. */
  private int[] frames = new int[CAPACITY_MIN];

  /** Where the head lies, counted modulo the capacity. */
  private int first;

  private int length;

  public FrameRing() {}

  public int length() {
    return length;
  }

  public boolean isEmpty() {
    return length == 0;
  }

  public void addHead(long pfn) {
    makeRoom();
    first--;
    frames[first & (frames.length - 1)] = (int) pfn;
    length++;
  }

  public void addTail(long pfn) {
    makeRoom();
    frames[(first + length) & (frames.length - 1)] = (int) pfn;
    length++;
  }

  /** Takes the first frame of a list that is not empty. */
  public long removeHead() {
    assert length > 0;
    length--;
    return Integer.toUnsignedLong(frames[first++ & (frames.length - 1)]);
  }

  /** Takes the last frame of a list that is not empty. */
  public long removeTail() {
    assert length > 0;
    length--;
    return at(length);
  }

  /** The frame behind {@code depth} others. */
  public long at(int depth) {
    return Integer.toUnsignedLong(frames[(first + depth) & (frames.length - 1)]);
  }

  /** How many frames lie before one of the list, or -1 if it is not there. */
  public int depth(long pfn) {
    for (int i = 0; i < length; i++) {
      if (at(i) == pfn) {
        return i;
      }
    }
    return -1;
  }

  /** Takes a frame of the list out, wherever it lies. */
  public void remove(long pfn) {
    int depth = depth(pfn);
    assert depth >= 0 : "frame " + pfn + " is not on the list";
    int mask = frames.length - 1;
    for (int i = depth; i > 0; i--) {
      frames[(first + i) & mask] = frames[(first + i - 1) & mask];
    }
    first++;
    length--;
  }

  /** The frames in order, head first. */
  public long[] toArray() {
    long[] pfns = new long[length];
    Arrays.setAll(pfns, this::at);
    return pfns;
  }

  private void makeRoom() {
    if (length == frames.length) {
      grow();
    }
  }

  private void grow() {
    int[] larger = new int[2 * frames.length];
    for (int i = 0; i < length; i++) {
      larger[i] = frames[(first + i) & (frames.length - 1)];
    }
    frames = larger;
    first = 0;
  }
}
