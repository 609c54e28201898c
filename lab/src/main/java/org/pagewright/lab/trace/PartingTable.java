package org.pagewright.lab.trace;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** Where an allocator and the recorded kernel part: how often, where first and how. */
final class PartingTable {
  /** What differs. */
  enum Kind {
    /** Another frame was handed out. */
    FRAME("frame handed out"),
    /** A per-CPU list was refilled with another number of blocks. */
    REFILL_SIZE("blocks of a refill"),
    /** A per-CPU list was refilled with other blocks. */
    REFILL_BLOCKS("which blocks refill"),
    /** Another number of blocks was drained. */
    DRAIN_SIZE("blocks of a drain"),
    /** Other blocks were drained. */
    DRAIN_BLOCKS("which blocks drain"),
    /** A bulk request got other frames. */
    BULK("frames of a bulk request"),
    /** One of the two failed a request that the other served. */
    FAILURE("request failed");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    /** What differs, in words. */
    String text() {
      return text;
    }
  }

  /** The partings of one kind; the values are those at the first. */
  record Row(long times, long firstLine, String recorded, String ours) {}

  private final Map<Kind, Row> rows = new EnumMap<>(Kind.class);

  void count(Kind kind, long line, String recorded, String ours) {
    Row row = rows.get(kind);
    rows.put(
        kind,
        row == null
            ? new Row(1, line, recorded, ours)
            : new Row(row.times + 1, row.firstLine, row.recorded, row.ours));
  }

  /** Whether {@code kind} was counted before, so that nobody need describe it again. */
  boolean has(Kind kind) {
    return rows.containsKey(kind);
  }

  /** Counts one more of a kind that was described before. */
  void countAgain(Kind kind) {
    count(kind, 0, "", "");
  }

  /** The rows in the order of {@link Kind}. */
  Map<Kind, Row> rows() {
    return rows;
  }

  static String frame(long pfn) {
    return pfn < 0 ? "none" : String.format(Locale.ROOT, "0x%x", pfn);
  }
}
