package org.pagewright.lab.trace.input;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads the {@code key=value} fields of one event in the order in which the kernel prints them.
 *
 * <p>Every method leaves {@link #at} behind what it read, or makes {@link #failed} true and leaves
 * {@link #at} where the text differs from {@link #expected}.
 */
final class FieldScanner {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN)
          .withInvokeExactBehavior();

  private static final byte[] DIGITS = new byte[256];

  static {
    Arrays.fill(DIGITS, (byte) -1);
    for (int digit = 0; digit < 16; digit++) {
      DIGITS["0123456789abcdef".charAt(digit)] = (byte) digit;
      DIGITS["0123456789ABCDEF".charAt(digit)] = (byte) digit;
    }
  }

  /** Forty bits: a petabyte of pages. */
  private static final int PFN_DIGITS_MAX = 10;

  /** Bytes that must follow a text that {@link #word} is asked about. */
  static final int SLACK = 16;

  static final long PAGE_KEY = text("page=\0\0\0");
  static final long PFN_KEY = text("pfn=\0\0\0\0");
  static final long ORDER_KEY = text("order=\0\0");
  private static final long FIVE_BYTES = (1L << 40) - 1;
  private static final long FOUR_BYTES = (1L << 32) - 1;
  private static final long SIX_BYTES = (1L << 48) - 1;

  private byte[] bytes = {};
  int at;
  int end;
  boolean failed;
  String expected = "";

  /** The eight bytes of {@code text} as {@link #word} returns them. */
  static long text(String text) {
    byte[] eight = text.getBytes(StandardCharsets.ISO_8859_1);
    return (long) WORD.get(eight, 0);
  }

  /** Eight bytes from {@code at}, the first one lowest. */
  static long word(byte[] bytes, int at) {
    return (long) WORD.get(bytes, at);
  }

  /** Starts on {@code [from, to)} of {@code bytes}. */
  void start(byte[] line, int from, int to) {
    bytes = line;
    at = from;
    end = to;
    failed = false;
  }

  /** Skips {@code page=...}, in whatever form it is printed, and the blank behind it. */
  void skipPage() {
    if ((word(bytes, at) & FIVE_BYTES) != PAGE_KEY) {
      return;
    }
    int i = at + 5;
    while (i < end && bytes[i] != ' ') {
      i++;
    }
    at = i;
    skipBlanks();
  }

  long pfn() {
    if ((word(bytes, at) & FOUR_BYTES) != PFN_KEY) {
      return fail("pfn=");
    }
    at += 4;
    return number("a frame number");
  }

  int order() {
    skipBlanks();
    if ((word(bytes, at) & SIX_BYTES) != ORDER_KEY) {
      return (int) fail("order=");
    }
    at += 6;
    return small("an order from 0 to 63", 63);
  }

  /** The value of {@code key}, printed with its equals sign, up to {@code max}. */
  int field(String key, int max) {
    skipBlanks();
    if (failed) {
      return 0;
    }
    if (at + key.length() > end) {
      return (int) fail(key);
    }
    for (int i = 0; i < key.length(); i++) {
      if (bytes[at + i] != key.charAt(i)) {
        return (int) fail(key);
      }
    }
    at += key.length();
    return small("a number from 0 to " + max, max);
  }

  /** Requires that nothing but blanks is left. */
  void finish() {
    if (failed) {
      return;
    }
    skipBlanks();
    if (at != end) {
      fail("the end of the line");
    }
  }

  void skipBlanks() {
    while (at < end && bytes[at] == ' ') {
      at++;
    }
  }

  private int small(String what, int max) {
    int start = at;
    int value = 0;
    while (at < end && bytes[at] >= '0' && bytes[at] <= '9' && value <= max) {
      value = 10 * value + bytes[at++] - '0';
    }
    if (at == start || value > max || (at < end && bytes[at] != ' ')) {
      at = start;
      return (int) fail(what);
    }
    return value;
  }

  /** A number in hexadecimal with {@code 0x}, or in decimal as kernels before 5.14 print it. */
  private long number(String what) {
    int start = at;
    long value = 0;
    if (at + 2 < end && bytes[at] == '0' && bytes[at + 1] == 'x') {
      at += 2;
      int digits = at;
      int digit;
      while (at < end && (digit = DIGITS[bytes[at] & 0xff]) >= 0) {
        value = value << 4 | digit;
        at++;
      }
      if (at == digits || at - digits > PFN_DIGITS_MAX) {
        at = start;
      }
    } else {
      while (at < end && bytes[at] >= '0' && bytes[at] <= '9' && at - start < 12) {
        value = 10 * value + bytes[at++] - '0';
      }
    }
    if (at == start || (at < end && bytes[at] != ' ')) {
      at = start;
      return fail(what);
    }
    return value;
  }

  long fail(String what) {
    if (!failed) {
      failed = true;
      expected = what;
    }
    return 0;
  }
}
