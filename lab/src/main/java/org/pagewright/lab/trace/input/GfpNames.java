package org.pagewright.lab.trace.input;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.ToIntFunction;

/**
 * A cache from the text of a {@code gfp_flags=} field to its bits.
 *
 * <p>A trace holds a few dozen different texts, so each is parsed once and found again by a hash of
 * its bytes; the bytes are compared, so a collision costs time and never correctness.
 */
final class GfpNames {
  /** Distinct texts kept; a trace with more is not one a kernel wrote. */
  static final int TEXTS_MAX = 1 << 14;

  private final ToIntFunction<String> bits;
  private byte[][] texts = new byte[256][];
  private long[] hashes = new long[256];
  private int[] values = new int[256];
  private long[] uses = new long[256];
  private String[][] unknown = new String[256][];
  private int size;

  /** A cache over {@code bits}: one flag name to its bits, or a negative number if unknown. */
  GfpNames(ToIntFunction<String> bits) {
    this.bits = bits;
  }

  /** The slot of the text in {@code [from, to)}, or -1 if the field is not a list of names. */
  int slot(byte[] line, int from, int to, long hash) {
    int mask = hashes.length - 1;
    int slot = start(hash, mask);
    while (texts[slot] != null) {
      byte[] text = texts[slot];
      if (hashes[slot] == hash && Arrays.equals(text, 0, text.length, line, from, to)) {
        uses[slot]++;
        return slot;
      }
      slot = slot + 1 & mask;
    }
    return add(Arrays.copyOfRange(line, from, to), hash);
  }

  int value(int slot) {
    return values[slot];
  }

  int size() {
    return size;
  }

  /** Adds the names that nobody knew to {@code statistics}. */
  void reportUnknown(TraceStatistics statistics) {
    for (int slot = 0; slot < unknown.length; slot++) {
      if (unknown[slot] == null) {
        continue;
      }
      for (String name : unknown[slot]) {
        statistics.countUnknownFlag(name, uses[slot]);
      }
    }
  }

  private static int start(long hash, int mask) {
    return (int) (hash >>> 32 ^ hash) & mask;
  }

  private int add(byte[] text, long hash) {
    String string = new String(text, StandardCharsets.ISO_8859_1);
    if (!looksLikeFlags(string) || size == TEXTS_MAX) {
      return -1;
    }
    if (2 * size >= hashes.length) {
      grow();
    }
    int mask = hashes.length - 1;
    int slot = start(hash, mask);
    while (texts[slot] != null) {
      slot = slot + 1 & mask;
    }
    texts[slot] = text;
    hashes[slot] = hash;
    uses[slot] = 1;
    parse(string, slot);
    size++;
    return slot;
  }

  private void parse(String string, int slot) {
    int value = 0;
    String[] strange = {};
    for (String name : string.split("\\|", -1)) {
      int known = name.equals("none") ? 0 : name.startsWith("0x") ? hex(name) : flag(name);
      if (known == UNKNOWN) {
        strange = Arrays.copyOf(strange, strange.length + 1);
        strange[strange.length - 1] = name;
      } else {
        value |= known;
      }
    }
    values[slot] = value;
    unknown[slot] = strange;
  }

  private static final int UNKNOWN = Integer.MIN_VALUE;

  private int flag(String name) {
    int known = bits.applyAsInt(name);
    return known < 0 ? UNKNOWN : known;
  }

  private static int hex(String name) {
    try {
      return (int) Long.parseLong(name.substring(2), 16);
    } catch (NumberFormatException e) {
      return UNKNOWN;
    }
  }

  private static boolean looksLikeFlags(String string) {
    if (string.isEmpty()) {
      return false;
    }
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      boolean isName = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (!isName && c != '_' && c != '|') {
        return false;
      }
    }
    return true;
  }

  private void grow() {
    byte[][] oldTexts = texts;
    long[] oldHashes = hashes;
    int[] oldValues = values;
    long[] oldUses = uses;
    String[][] oldUnknown = unknown;
    int length = 2 * oldHashes.length;
    texts = new byte[length][];
    hashes = new long[length];
    values = new int[length];
    uses = new long[length];
    unknown = new String[length][];
    for (int from = 0; from < oldHashes.length; from++) {
      if (oldTexts[from] == null) {
        continue;
      }
      int slot = start(oldHashes[from], length - 1);
      while (texts[slot] != null) {
        slot = slot + 1 & length - 1;
      }
      texts[slot] = oldTexts[from];
      hashes[slot] = oldHashes[from];
      values[slot] = oldValues[from];
      uses[slot] = oldUses[from];
      unknown[slot] = oldUnknown[from];
    }
  }
}
