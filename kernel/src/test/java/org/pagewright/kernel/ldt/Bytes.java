package org.pagewright.kernel.ldt;

import java.util.Arrays;

/** A caller's memory of 64 KiB full of a pattern, which may be missing. */
final class Bytes implements UserBuffer {
  private final byte[] bytes = new byte[LdtTable.MAX_BYTES];
  private final boolean isMissing;

  Bytes(byte[] start) {
    this(start, /* isMissing= */ false);
  }

  Bytes(byte[] start, boolean isMissing) {
    Arrays.fill(bytes, (byte) 0x5a);
    System.arraycopy(start, 0, bytes, 0, start.length);
    this.isMissing = isMissing;
  }

  /** FNV-1a of all bytes. */
  long checksum() {
    long sum = 0xcbf2_9ce4_8422_2325L;
    for (byte value : bytes) {
      sum = (sum ^ (value & 0xff)) * 0x100_0000_01b3L;
    }
    return sum;
  }

  @Override
  public boolean copyIn(byte[] to) {
    if (!isMissing) {
      System.arraycopy(bytes, 0, to, 0, to.length);
    }
    return !isMissing;
  }

  @Override
  public boolean copyOut(byte[] from) {
    if (!isMissing) {
      System.arraycopy(from, 0, bytes, 0, from.length);
    }
    return !isMissing || from.length == 0;
  }

  @Override
  public boolean clear(int offset, int count) {
    if (!isMissing) {
      Arrays.fill(bytes, offset, offset + count, (byte) 0);
    }
    return !isMissing || count == 0;
  }
}
