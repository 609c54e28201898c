package org.pagewright.lab.trace.input;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What reading a trace met: lines, events by kind, things it does not know, lost events. */
public final class TraceStatistics {
  /** Distinct unknown names kept; further ones are counted under {@link #OTHERS}. */
  static final int NAMES_MAX = 256;

  static final String OTHERS = "(others)";

  final long[] events = new long[EventBatch.KINDS];
  long lines;
  long entriesPromised = -1;
  long entriesWritten = -1;
  long entries;
  long lost;
  long firstNanoseconds = -1;
  long lastNanoseconds;
  private final Map<String, Long> otherEvents = new LinkedHashMap<>();
  private final Map<String, Long> tlbFlushes = new LinkedHashMap<>();
  private final Map<String, Long> unknownFlags = new LinkedHashMap<>();
  private final List<String> lostAt = new ArrayList<>();

  /** Lines read, of every sort. */
  public long lines() {
    return lines;
  }

  /** Recognised page-allocator events of {@code kind}. */
  public long events(int kind) {
    return events[kind];
  }

  /** Recognised page-allocator events. */
  public long events() {
    long sum = 0;
    for (long count : events) {
      sum += count;
    }
    return sum;
  }

  /** Events recognised, with {@code tlb_flush}. */
  public long recognised() {
    return events() + tlbFlushes.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Events lost while recording, as far as the trace says. */
  public long lost() {
    return lost;
  }

  /** Where events were lost, as messages with the line. */
  public List<String> lostAt() {
    return Collections.unmodifiableList(lostAt);
  }

  /** Events overwritten before the trace's first line, by its header. */
  public long overwritten() {
    return Math.max(0, entriesWritten - entriesPromised);
  }

  /** Whether some of what happened is missing. */
  public boolean isIncomplete() {
    return lost > 0 || overwritten() > 0;
  }

  /** Events of other kinds by name, in order of appearance. */
  public Map<String, Long> otherEvents() {
    return Collections.unmodifiableMap(otherEvents);
  }

  /** {@code tlb_flush} events by reason, in order of appearance. */
  public Map<String, Long> tlbFlushes() {
    return Collections.unmodifiableMap(tlbFlushes);
  }

  /** Flag names nobody knows, with the number of events that carry them. */
  public Map<String, Long> unknownFlags() {
    return Collections.unmodifiableMap(unknownFlags);
  }

  /** Seconds from the first event to the last. */
  public double seconds() {
    return firstNanoseconds < 0 ? 0 : (lastNanoseconds - firstNanoseconds) / 1e9;
  }

  void countOther(String name) {
    count(otherEvents, name);
  }

  void countTlbFlush(String reason) {
    count(tlbFlushes, reason);
  }

  void countUnknownFlag(String name, long events) {
    boolean isKept = unknownFlags.size() < NAMES_MAX || unknownFlags.containsKey(name);
    unknownFlags.merge(isKept ? name : OTHERS, events, Long::sum);
  }

  void noteLost(long line, long events, String text) {
    lost += events;
    if (lostAt.size() < NAMES_MAX) {
      lostAt.add("line " + line + ": " + text);
    }
  }

  private static void count(Map<String, Long> counts, String name) {
    boolean isKept = counts.size() < NAMES_MAX || counts.containsKey(name);
    counts.merge(isKept ? name : OTHERS, 1L, Long::sum);
  }
}
