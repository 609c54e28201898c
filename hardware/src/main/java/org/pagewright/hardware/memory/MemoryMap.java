package org.pagewright.hardware.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The ranges of physical addresses that are RAM, as firmware reports them (x86's e820 table).
 *
 * @param ranges sorted, disjoint, at least one; ranges that touch are allowed and kept apart
 */
public record MemoryMap(List<Range> ranges) {
  /** Granularity of range bounds: the smallest page of any modelled architecture. */
  public static final long PAGE_BYTES = 4096;

  /** End of the highest range that a simulated machine may have. */
  public static final long MAX_BYTES = 1L << 46;

  private static final String UNITS = "KMGTP";

  /** A half-open range of byte addresses, page aligned and not empty. */
  public record Range(long from, long to) {
    public Range {
      if (from < 0 || to <= from || to > MAX_BYTES) {
        throw new IllegalArgumentException(
            "RAM range " + hex(from) + "-" + hex(to) + " is empty or above " + hex(MAX_BYTES));
      }
      if (((from | to) & (PAGE_BYTES - 1)) != 0) {
        throw new IllegalArgumentException(
            "RAM range " + hex(from) + "-" + hex(to) + " is not aligned to " + PAGE_BYTES);
      }
    }

    public long bytes() {
      return to - from;
    }

    @Override
    public String toString() {
      return size(from) + "-" + size(to);
    }
  }

  public MemoryMap {
    ranges = List.copyOf(ranges);
    if (ranges.isEmpty()) {
      throw new IllegalArgumentException("memory map has no RAM range");
    }
    for (int i = 1; i < ranges.size(); i++) {
      if (ranges.get(i).from() < ranges.get(i - 1).to()) {
        throw new IllegalArgumentException(
            "RAM ranges "
                + ranges.get(i - 1)
                + " and "
                + ranges.get(i)
                + " overlap or are unsorted");
      }
    }
  }

  /** One range of RAM from address 0. */
  public static MemoryMap of(long bytes) {
    return of(/* from= */ 0, /* to= */ bytes);
  }

  /** One range of RAM. */
  public static MemoryMap of(long from, long to) {
    return new MemoryMap(List.of(new Range(from, to)));
  }

  /**
   * The map of a PC: holes at 640K-1M (legacy video and firmware) and 3G-4G (devices), the rest of
   * {@code bytes} of RAM above 4G.
   */
  public static MemoryMap pc(long bytes) {
    List<Range> ranges = new ArrayList<>();
    ranges.add(new Range(0, Math.min(bytes, 640L << 10)));
    if (bytes > 1L << 20) {
      ranges.add(new Range(1L << 20, Math.min(bytes, 3L << 30)));
    }
    if (bytes > 3L << 30) {
      ranges.add(new Range(4L << 30, bytes + (1L << 30)));
    }
    return new MemoryMap(ranges);
  }

  /**
   * Parses what {@link #toString} prints: ranges {@code from-to} separated by commas, numbers in
   * decimal or hexadecimal with an optional K, M, G, T or P, as in {@code 0-640K,1M-3G,4G-33G}.
   */
  public static MemoryMap parse(String text) {
    List<Range> ranges = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      int dash = part.indexOf('-');
      if (dash < 0) {
        throw new IllegalArgumentException(
            "memory map part '" + part + "' is no range; expected from-to such as 1M-3G");
      }
      ranges.add(
          new Range(parseBytes(part.substring(0, dash)), parseBytes(part.substring(dash + 1))));
    }
    return new MemoryMap(ranges);
  }

  /** Parses a number of bytes such as {@code 640K}, {@code 0x1000} or {@code 8T}. */
  public static long parseBytes(String text) {
    String digits = text.strip().toUpperCase(Locale.ROOT);
    int unit = digits.isEmpty() ? -1 : UNITS.indexOf(digits.charAt(digits.length() - 1));
    if (unit >= 0) {
      digits = digits.substring(0, digits.length() - 1);
    }
    try {
      long value =
          digits.startsWith("0X")
              ? Long.parseLong(digits, 2, digits.length(), 16)
              : Long.parseLong(digits);
      return Math.multiplyExact(value, 1L << (10 * (unit + 1)));
    } catch (NumberFormatException | ArithmeticException e) {
      throw new IllegalArgumentException(
          "'" + text.strip() + "' is no number of bytes; expected one such as 640K, 4G or 0x1000",
          e);
    }
  }

  /** True when the byte at {@code pa} is RAM. */
  public boolean contains(long pa) {
    for (Range range : ranges) {
      if (pa >= range.from() && pa < range.to()) {
        return true;
      }
    }
    return false;
  }

  /** End of the highest range. */
  public long endBytes() {
    return ranges.getLast().to();
  }

  /** Amount of RAM, holes not counted. */
  public long ramBytes() {
    long sum = 0;
    for (Range range : ranges) {
      sum += range.bytes();
    }
    return sum;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Range range : ranges) {
      text.append(text.isEmpty() ? "" : ",").append(range);
    }
    return text.toString();
  }

  private static String size(long bytes) {
    if (bytes == 0) {
      return "0";
    }
    int unit = Math.min(Long.numberOfTrailingZeros(bytes) / 10, UNITS.length());
    return (bytes >>> (10 * unit)) + (unit == 0 ? "" : UNITS.substring(unit - 1, unit));
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }
}
