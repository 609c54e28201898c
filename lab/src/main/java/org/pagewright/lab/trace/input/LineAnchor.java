package org.pagewright.lab.trace.input;

/**
 * Finds the fixed part of a trace line: {@code [CPU] flags SECONDS.FRACTION:}.
 *
 * <p>The command name before it may hold blanks, colons, dashes and brackets, and the flags column
 * is missing in some tools' output, so the line is read backwards from its timestamp.
 */
final class LineAnchor {
  private static final int FRACTION_DIGITS_MAX = 9;
  private static final int[] TO_NANOSECONDS = {
    1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1
  };

  /** The CPU of the line found last. */
  int cpu;

  /** Its depth of disabled preemption; 0 if the line has no flags. */
  int depth;

  /** Whether it was written in an interrupt or a softirq; false if the line has no flags. */
  boolean isInInterrupt;

  /** Its timestamp. */
  long nanoseconds;

  /** Where its text goes on behind the timestamp's colon. */
  int after;

  /** Distance of the colon from the line's start: most lines of a trace agree on it. */
  private int usual = -1;

  /** Finds the anchor of the line in {@code [from, to)}; false if it has none. */
  boolean find(byte[] bytes, int from, int to) {
    int colon = from + usual;
    if (colon < to && colon > from && bytes[colon] == ':' && matches(bytes, from, colon, to)) {
      return true;
    }
    for (colon = from; colon < to; colon++) {
      if (bytes[colon] == ':' && matches(bytes, from, colon, to)) {
        usual = colon - from;
        return true;
      }
    }
    return false;
  }

  private boolean matches(byte[] bytes, int from, int colon, int to) {
    if (colon + 1 < to && bytes[colon + 1] != ' ') {
      return false;
    }
    int at = colon - 1;
    int digits = 0;
    long fraction = 0;
    long unit = 1;
    while (at > from && isDigit(bytes[at]) && digits <= FRACTION_DIGITS_MAX) {
      fraction += unit * (bytes[at] - '0');
      unit *= 10;
      digits++;
      at--;
    }
    if (digits == 0 || digits > FRACTION_DIGITS_MAX || bytes[at] != '.') {
      return false;
    }
    int dot = at--;
    long seconds = 0;
    unit = 1;
    while (at > from && isDigit(bytes[at]) && unit < 10_000_000_000L) {
      seconds += unit * (bytes[at] - '0');
      unit *= 10;
      at--;
    }
    if (at == dot - 1 || bytes[at] != ' ' || !cpuBefore(bytes, from, at)) {
      return false;
    }
    nanoseconds = seconds * 1_000_000_000L + fraction * TO_NANOSECONDS[digits];
    after = colon + 1;
    return true;
  }

  /** Reads {@code [CPU]}, with or without flags behind it, that ends before {@code at}. */
  private boolean cpuBefore(byte[] bytes, int from, int at) {
    int i = skipBlanksBack(bytes, from, at);
    depth = 0;
    isInInterrupt = false;
    if (bytes[i] != ']') {
      int flagsEnd = i;
      while (i > from && bytes[i] != ' ') {
        i--;
      }
      int flags = i + 1;
      readFlags(bytes, flags, flagsEnd);
      i = skipBlanksBack(bytes, from, i);
      if (bytes[i] != ']') {
        return cpuInFlags(bytes, flags, flagsEnd);
      }
    }
    int value = 0;
    int unit = 1;
    for (i--; i > from && isDigit(bytes[i]) && unit <= 10_000; i--) {
      value += unit * (bytes[i] - '0');
      unit *= 10;
    }
    cpu = value;
    return unit > 1 && value < TraceReader.CPUS_MAX && bytes[i] == '[';
  }

  /** Flags are irqs off, need to reschedule, interrupt, preemption depth, migration depth. */
  private void readFlags(byte[] bytes, int first, int last) {
    if (last - first < 3) {
      return;
    }
    byte interrupt = bytes[first + 2];
    byte digit = bytes[first + 3];
    isInInterrupt = interrupt != '.' && interrupt != '0';
    depth = isDigit(digit) ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : 0;
  }

  /** The latency format of trace-cmd: CPU and flags in one word, as in {@code 1d..2.}. */
  private boolean cpuInFlags(byte[] bytes, int from, int last) {
    int at = from;
    int value = 0;
    while (at <= last && isDigit(bytes[at]) && value < TraceReader.CPUS_MAX) {
      value = 10 * value + bytes[at] - '0';
      at++;
    }
    int flags = last - at + 1;
    cpu = value;
    readFlags(bytes, at, last);
    return at > from && value < TraceReader.CPUS_MAX && (flags == 4 || flags == 5);
  }

  private static int skipBlanksBack(byte[] bytes, int from, int at) {
    int i = at;
    while (i > from && bytes[i] == ' ') {
      i--;
    }
    return i;
  }

  private static boolean isDigit(byte b) {
    return b >= '0' && b <= '9';
  }
}
