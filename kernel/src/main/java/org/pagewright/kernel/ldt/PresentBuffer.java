package org.pagewright.kernel.ldt;

import java.util.Arrays;

/** Memory of a caller that may be accessed. */
final class PresentBuffer implements UserBuffer {
  private final byte[] bytes;

  PresentBuffer(byte[] bytes) {
    this.bytes = bytes;
  }

  @Override
  public boolean copyIn(byte[] to) {
    System.arraycopy(bytes, 0, to, 0, to.length);
    return true;
  }

  @Override
  public boolean copyOut(byte[] from) {
    System.arraycopy(from, 0, bytes, 0, from.length);
    return true;
  }

  @Override
  public boolean clear(int offset, int count) {
    Arrays.fill(bytes, offset, offset + count, (byte) 0);
    return true;
  }
}
