package org.pagewright.check.contents;

import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PteFormat;

/** Looks at what is in frames of simulated RAM. */
final class FrameBytes {
  /** The digest of a frame that holds nothing but zeros. */
  static final long NOTHING = 0;

  private static final long SPREAD = 0x9e37_79b9_7f4a_7c15L;

  private final PhysicalMemory memory;
  private final PteFormat format;

  FrameBytes(PhysicalMemory memory, PteFormat format) {
    this.memory = memory;
    this.format = format;
  }

  /** A number that tells contents of frames apart; {@link #NOTHING} for zeros. */
  long digest(long pfn) {
    if (isZero(pfn)) {
      return NOTHING;
    }
    long start = pfn << format.pageShift();
    long digest = NOTHING;
    for (long at = 0; at < format.pageBytes(); at += Long.BYTES) {
      long word = memory.read(start + at);
      if (word != 0) {
        digest += (word ^ at * SPREAD) * SPREAD | 1;
      }
    }
    return digest;
  }

  /** Whether the first word of a frame is zero. */
  boolean beginsWithZero(long pfn) {
    return memory.read(pfn << format.pageShift()) == 0;
  }

  /** Whether a frame holds nothing but zeros. */
  boolean isZero(long pfn) {
    return memory.isZero(pfn << format.pageShift(), format.pageBytes());
  }
}
