package org.pagewright.lab.show;

/** Numbers of bytes as people write them: {@code 2 MiB}. */
public final class ByteText {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  private ByteText() {}

  /** The bytes in the largest unit of which they are a whole number. */
  public static String of(long bytes) {
    long size = bytes;
    int unit = 0;
    while (size != 0 && (size & 1023) == 0 && unit + 1 < UNITS.length) {
      size >>>= 10;
      unit++;
    }
    return Long.toUnsignedString(size) + " " + UNITS[unit];
  }
}
