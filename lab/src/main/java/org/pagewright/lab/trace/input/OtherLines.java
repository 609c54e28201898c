package org.pagewright.lab.trace.input;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pagewright.lab.report.BadInput;

/**
 * The lines of a trace that are no page-allocator event: headers, reports of lost events, stacks,
 * events of other kinds, and those that no tool writes.
 */
final class OtherLines {
  private static final int EXCERPT_BYTES = 60;
  private static final Pattern ENTRIES =
      Pattern.compile("# entries-in-buffer/entries-written: *(\\d{1,18})/(\\d{1,18}).*");
  private static final Pattern LOST =
      Pattern.compile(
          "CPU:?\\s*\\d+ \\[(?:LOST (\\d{1,18}) EVENTS|(?:(\\d{1,18}) )?EVENTS DROPPED)]\\s*");
  private static final Pattern PERF_LOST =
      Pattern.compile(".*PERF_RECORD_LOST(?:_SAMPLES)?:?\\s.*?\\blost:? (\\d{1,18}).*");
  private static final Pattern HEADER =
      Pattern.compile(
          "\\s*|#.*|cpus=\\d+|version = .*|trace-cmd version .*|CPU \\d+ is empty"
              + "|.*\\[SUBBUFFER START].*");
  private static final Pattern STACK =
      Pattern.compile("\\s+(?:[0-9a-f]{4,16} .*)|\\s*=> .*|\\s*<stack trace>\\s*");
  private static final Pattern EVENT_NAME =
      Pattern.compile("(?:[a-zA-Z_][a-zA-Z0-9_-]{0,63}:)?([a-zA-Z_][a-zA-Z0-9_.]{0,127}):? .*");
  private static final Pattern TLB_REASON =
      Pattern.compile(".*reason[:=](.*?)\\s*(?:\\(\\d+\\))?\\s*");

  private final String name;
  private final TraceStatistics statistics;
  private @Nullable String firstUnread;
  private long firstUnreadLine;

  OtherLines(String name, TraceStatistics statistics) {
    this.name = name;
    this.statistics = statistics;
  }

  /** Takes a line without a timestamp. */
  void read(byte[] bytes, int from, int end, long line) {
    if (from == end) {
      return;
    }
    String text = new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
    if (takesHeader(text) || takesLost(text, line)) {
      noteUnread(text, line);
      return;
    }
    if (STACK.matcher(text).matches() && statistics.entries > 0) {
      return;
    }
    String what = "not a line of a trace: " + excerpt(bytes, from, end);
    throw new BadInput(name, line, 1, what, "TASK-PID [CPU] FLAGS SECONDS: EVENT: FIELDS");
  }

  private boolean takesHeader(String text) {
    Matcher entries = ENTRIES.matcher(text);
    if (entries.matches()) {
      statistics.entriesPromised = Long.parseLong(entries.group(1));
      statistics.entriesWritten = Long.parseLong(entries.group(2));
      return true;
    }
    return HEADER.matcher(text).matches();
  }

  private boolean takesLost(String text, long line) {
    Matcher lost = LOST.matcher(text);
    if (lost.matches()) {
      String count = lost.group(1) != null ? lost.group(1) : lost.group(2);
      statistics.noteLost(line, count == null ? 1 : Long.parseLong(count), text.strip());
      return true;
    }
    Matcher perf = PERF_LOST.matcher(text);
    if (perf.matches()) {
      statistics.noteLost(line, Long.parseLong(perf.group(1)), text.strip());
      return true;
    }
    return false;
  }

  /**
   * Takes an event that does not start with {@code mm_page_}; returns where the name starts behind
   * perf's {@code kmem:}, or -1 if the event is dealt with.
   */
  int event(byte[] bytes, int from, int end, long line, int column) {
    if (end - from > 5 && bytes[from] == 'k' && bytes[from + 4] == ':') {
      return from + 5;
    }
    String text = new String(bytes, from, end - from, StandardCharsets.ISO_8859_1) + " ";
    Matcher event = EVENT_NAME.matcher(text);
    if (!event.matches()) {
      String what = "no event name at " + excerpt(bytes, from, end);
      throw new BadInput(name, line, column, what, "an event's name and a colon");
    }
    count(event.group(1), text, line);
    return -1;
  }

  /** Takes an event whose name starts with {@code mm_page_} and is none of ours. */
  void unknownEvent(byte[] bytes, int from, int end, long line) {
    String text = new String(bytes, from, end - from, StandardCharsets.ISO_8859_1) + " ";
    Matcher event = EVENT_NAME.matcher(text);
    count(event.matches() ? event.group(1) : "mm_page_?", text, line);
  }

  private void count(String event, String text, long line) {
    if (event.equals("tlb_flush")) {
      Matcher reason = TLB_REASON.matcher(text);
      statistics.countTlbFlush(reason.matches() ? reason.group(1).strip() : "(none)");
      return;
    }
    statistics.countOther(event);
    noteUnread(text, line);
  }

  private void noteUnread(String text, long line) {
    if (firstUnread == null && !text.startsWith("#")) {
      firstUnread = text;
      firstUnreadLine = line;
    }
  }

  /** The complaint about a file without a single event that a replay could use. */
  BadInput nothingRecognised(long lines, boolean isGzip) {
    String format = isGzip ? "gzip" : "plain";
    String first = firstUnread;
    String what =
        lines == 0
            ? "an empty file"
            : first == null
                ? "only comments in " + lines + " lines (" + format + ")"
                : "no event of kmem in " + lines + " lines; the first not read is: " + clip(first);
    String expected = "mm_page_alloc, mm_page_free and their like";
    return first == null
        ? new BadInput(name, what, expected)
        : new BadInput(name, firstUnreadLine, what, expected);
  }

  static String excerpt(byte[] bytes, int from, int end) {
    return clip(new String(bytes, from, end - from, StandardCharsets.ISO_8859_1));
  }

  private static String clip(String text) {
    StringBuilder clipped = new StringBuilder("\"");
    for (int i = 0; i < Math.min(text.length(), EXCERPT_BYTES); i++) {
      char c = text.charAt(i);
      clipped.append(c >= ' ' && c < 0x7f ? c : '.');
    }
    return clipped.append(text.length() > EXCERPT_BYTES ? "...\"" : "\"").toString();
  }
}
