package org.pagewright.lab.trace.input;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.ToIntFunction;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.pagewright.lab.report.BadInput;

/**
 * A trace as a stream of {@link EventBatch}es: text of ftrace, {@code trace-cmd report} or {@code
 * perf script}, plain or gzip.
 *
 * <p>Lines are read in place as bytes, in constant memory. What cannot be read is a {@link
 * BadInput} with file, line and column; what is merely unknown is counted in {@link #statistics()}.
 */
public final class TraceReader implements Closeable {
  /** CPUs a trace may name: the largest {@code NR_CPUS} of distributions. */
  public static final int CPUS_MAX = 8192;

  private static final int BUFFER_BYTES = 1 << 18;
  private static final int GZIP_BUFFER_BYTES = 1 << 16;

  private static final long EVENT_PREFIX = FieldScanner.text("mm_page_");
  private static final long ALLOC_NAME = FieldScanner.text("alloc: \0") & bytes(6);
  private static final long FREE_NAME = FieldScanner.text("free: \0\0") & bytes(5);
  private static final long BATCHED_NAME = FieldScanner.text("free_bat");
  private static final long LOCKED_NAME = FieldScanner.text("alloc_zo");
  private static final long DRAIN_NAME = FieldScanner.text("pcpu_dra");
  private static final long EXTFRAG_NAME = FieldScanner.text("alloc_ex");
  private static final long NEWLINES = 0x0a0a0a0a0a0a0a0aL;
  private static final long ONES = 0x0101010101010101L;
  private static final long TOPS = 0x8080808080808080L;
  private static final long HASH_FACTOR = 0x9e3779b97f4a7c15L;

  private final String name;
  private final InputStream in;
  private final boolean isGzip;
  private final byte[] buffer = new byte[BUFFER_BYTES + FieldScanner.SLACK];
  private final LineAnchor anchor = new LineAnchor();
  private final FieldScanner fields = new FieldScanner();
  private final OtherLines others;
  private final GfpNames gfpNames;
  private final TraceStatistics statistics = new TraceStatistics();
  private final long[] lastNanoseconds = new long[CPUS_MAX];
  private final long[] lastLine = new long[CPUS_MAX];
  private int at;
  private int limit;
  private boolean isAtEnd;
  private boolean isFinished;
  private long line;
  private boolean allowsPartial;

  private TraceReader(String name, InputStream in, boolean isGzip, ToIntFunction<String> flags) {
    this.name = name;
    this.in = in;
    this.isGzip = isGzip;
    this.gfpNames = new GfpNames(flags);
    this.others = new OtherLines(name, statistics);
  }

  /**
   * Opens {@code file}; gzip is told by its first bytes.
   *
   * @param flags one gfp flag name to its bits, negative if unknown
   */
  public static TraceReader open(Path file, ToIntFunction<String> flags) throws IOException {
    return of(file.toString(), Files.newInputStream(file), flags);
  }

  /** Reads {@code bytes} under {@code name}. */
  public static TraceReader of(String name, InputStream bytes, ToIntFunction<String> flags)
      throws IOException {
    InputStream in = new BufferedInputStream(bytes, GZIP_BUFFER_BYTES);
    boolean isGzip = startsLikeGzip(in);
    try {
      InputStream text = isGzip ? new GZIPInputStream(in, GZIP_BUFFER_BYTES) : in;
      return new TraceReader(name, text, isGzip, flags);
    } catch (EOFException | ZipException e) {
      in.close();
      throw new BadInput(name, "a damaged gzip header", "gzip or plain text");
    }
  }

  static boolean startsLikeGzip(InputStream in) throws IOException {
    in.mark(2);
    boolean isGzip = in.read() == 0x1f && in.read() == 0x8b;
    in.reset();
    return isGzip;
  }

  /** Accepts a trace that ends before the number of entries that its header promises. */
  public TraceReader allowPartial() {
    allowsPartial = true;
    return this;
  }

  /** What was met so far; complete once {@link #read} has returned false. */
  public TraceStatistics statistics() {
    return statistics;
  }

  /** Fills {@code batch} with the next events; false, and an empty batch, at the end. */
  public boolean read(EventBatch batch) throws IOException {
    batch.clear();
    while (!batch.isFull() && !isFinished) {
      int end = endOfLine();
      if (end < 0) {
        finish();
        break;
      }
      line++;
      parseLine(at, end, batch);
      at = end + 1;
    }
    return batch.size() > 0;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private static long bytes(int count) {
    return (1L << (8 * count)) - 1;
  }

  /** Index of the line feed that ends the line at {@link #at}, or -1 at the end of the file. */
  private int endOfLine() throws IOException {
    int from = at;
    while (true) {
      int end = lineFeed(from);
      if (end < limit) {
        return end;
      }
      if (isAtEnd) {
        return endOfFile();
      }
      from = limit;
      from -= refill();
    }
  }

  /** Index of the first line feed at or behind {@code from}, or something not below the limit. */
  private int lineFeed(int from) {
    for (int i = from; i < limit; i += Long.BYTES) {
      long differs = FieldScanner.word(buffer, i) ^ NEWLINES;
      long found = differs - ONES & ~differs & TOPS;
      if (found != 0) {
        return i + (Long.numberOfTrailingZeros(found) >>> 3);
      }
    }
    return limit;
  }

  private int endOfFile() {
    if (at == limit) {
      return -1;
    }
    throw new BadInput(
        name, line + 1, limit - at + 1, "the file ends inside a line", "a line feed");
  }

  /** Moves the unfinished line to the front and reads on; returns how far it moved. */
  private int refill() throws IOException {
    int moved = at;
    if (moved == 0 && limit == BUFFER_BYTES) {
      throw new BadInput(
          name, line + 1, "a line of more than " + BUFFER_BYTES + " bytes", "lines of text");
    }
    System.arraycopy(buffer, at, buffer, 0, limit - at);
    limit -= moved;
    at = 0;
    int count = readSome();
    if (count < 0) {
      isAtEnd = true;
    } else {
      limit += count;
    }
    return moved;
  }

  private int readSome() throws IOException {
    try {
      return in.read(buffer, limit, BUFFER_BYTES - limit);
    } catch (EOFException e) {
      throw new BadInput(name, line + 1, "the gzip data ends early", "its end");
    } catch (ZipException e) {
      String what = "damaged gzip data (" + e.getMessage() + ")";
      throw new BadInput(name, line + 1, what, "gzip data");
    }
  }

  private void finish() {
    isFinished = true;
    gfpNames.reportUnknown(statistics);
    statistics.lines = line;
    if (statistics.recognised() == 0) {
      throw others.nothingRecognised(line, isGzip);
    }
    if (statistics.entries < statistics.entriesPromised && !allowsPartial) {
      String what = "the file ends after " + statistics.entries + " entries";
      String expected = statistics.entriesPromised + " as its header says (--allow-partial)";
      throw new BadInput(name, line, what, expected);
    }
  }

  private void parseLine(int from, int lineFeed, EventBatch batch) {
    int end = lineFeed > from && buffer[lineFeed - 1] == '\r' ? lineFeed - 1 : lineFeed;
    if (!anchor.find(buffer, from, end)) {
      others.read(buffer, from, end, line);
      return;
    }
    noteTime(from);
    int event = anchor.after;
    while (event < end && buffer[event] == ' ') {
      event++;
    }
    if (FieldScanner.word(buffer, event) != EVENT_PREFIX) {
      event = others.event(buffer, event, end, line, event - from + 1);
      if (event < 0 || FieldScanner.word(buffer, event) != EVENT_PREFIX) {
        return;
      }
    }
    parseEvent(event + Long.BYTES, end, batch);
    if (fields.failed) {
      fail(from, end);
    }
  }

  private void noteTime(int from) {
    int cpu = anchor.cpu;
    long nanoseconds = anchor.nanoseconds;
    if (nanoseconds < lastNanoseconds[cpu]) {
      int column = anchor.after - from;
      String what = "the time goes back on CPU " + cpu + ": it was later on line " + lastLine[cpu];
      throw new BadInput(name, line, column, what, "events in the order of their time");
    }
    lastNanoseconds[cpu] = nanoseconds;
    lastLine[cpu] = line;
    statistics.entries++;
    if (statistics.firstNanoseconds < 0) {
      statistics.firstNanoseconds = nanoseconds;
    }
    statistics.lastNanoseconds = nanoseconds;
  }

  private void parseEvent(int from, int end, EventBatch batch) {
    long key = FieldScanner.word(buffer, from);
    if ((key & bytes(6)) == ALLOC_NAME) {
      parseAlloc(from + 6, end, batch);
    } else if ((key & bytes(5)) == FREE_NAME) {
      parseFree(EventBatch.FREE, from + 5, end, batch);
    } else if (key == BATCHED_NAME) {
      parseFree(EventBatch.FREE_BATCHED, fieldsOf("free_batched:", from, end), end, batch);
    } else if (key == LOCKED_NAME) {
      parseLocked(fieldsOf("alloc_zone_locked:", from, end), end, batch);
    } else if (key == DRAIN_NAME) {
      parseDrain(fieldsOf("pcpu_drain:", from, end), end, batch);
    } else if (key == EXTFRAG_NAME) {
      parseExtfrag(fieldsOf("alloc_extfrag:", from, end), end, batch);
    } else {
      fields.start(buffer, from, end);
      others.unknownEvent(buffer, from - Long.BYTES, end, line);
    }
  }

  /** Where the fields behind {@code name} start, or {@code end} if the name differs. */
  private int fieldsOf(String name, int from, int end) {
    int after = from + name.length();
    if (after > end) {
      return end;
    }
    for (int i = Long.BYTES; i < name.length(); i++) {
      if (buffer[from + i] != name.charAt(i)) {
        return end;
      }
    }
    return after;
  }

  private void startFields(int from, int end) {
    fields.start(buffer, from, end);
    fields.skipBlanks();
    fields.skipPage();
  }

  private void parseAlloc(int from, int end, EventBatch batch) {
    startFields(from, end);
    long pfn = fields.pfn();
    int order = fields.order();
    int migratetype = fields.field("migratetype=", 15);
    fields.skipBlanks();
    int flags = flagsAt(end);
    if (!fields.failed) {
      add(batch, EventBatch.ALLOC, pfn, order, migratetype, flags);
    }
  }

  private int flagsAt(int end) {
    int from = fields.at + "gfp_flags=".length();
    if (fields.failed || from >= end || buffer[from - 1] != '=' || buffer[from - 2] != 's') {
      fields.fail("gfp_flags=");
      return 0;
    }
    int to = end;
    while (to > from && buffer[to - 1] == ' ') {
      to--;
    }
    int slot = gfpNames.slot(buffer, from, to, hash(from, to));
    if (slot < 0) {
      fields.at = from;
      fields.fail("names of gfp flags joined by |");
      return 0;
    }
    return gfpNames.value(slot);
  }

  private long hash(int from, int to) {
    long hash = (long) to - from;
    int i = from;
    for (; i + Long.BYTES <= to; i += Long.BYTES) {
      hash = (hash ^ FieldScanner.word(buffer, i)) * HASH_FACTOR;
      hash ^= hash >>> 29;
    }
    if (i < to) {
      hash = (hash ^ (FieldScanner.word(buffer, i) & bytes(to - i))) * HASH_FACTOR;
    }
    return hash;
  }

  private void parseFree(int kind, int from, int end, EventBatch batch) {
    startFields(from, end);
    long pfn = fields.pfn();
    int order = fields.order();
    fields.finish();
    if (!fields.failed) {
      add(batch, kind, pfn, order, 0, 0);
    }
  }

  private void parseLocked(int from, int end, EventBatch batch) {
    startFields(from, end);
    long pfn = fields.pfn();
    int order = fields.order();
    int migratetype = fields.field("migratetype=", 15);
    int refill = fields.field("percpu_refill=", 1);
    fields.finish();
    if (!fields.failed) {
      add(batch, EventBatch.ZONE_LOCKED, pfn, order, migratetype, refill);
    }
  }

  private void parseDrain(int from, int end, EventBatch batch) {
    startFields(from, end);
    long pfn = fields.pfn();
    int order = fields.order();
    int migratetype = fields.field("migratetype=", 15);
    fields.finish();
    if (!fields.failed) {
      add(batch, EventBatch.PCPU_DRAIN, pfn, order, migratetype, 0);
    }
  }

  private void parseExtfrag(int from, int end, EventBatch batch) {
    startFields(from, end);
    long pfn = fields.pfn();
    int order = fields.field("alloc_order=", 63);
    int fallbackOrder = fields.field("fallback_order=", 63);
    fields.field("pageblock_order=", 63);
    int migratetype = fields.field("alloc_migratetype=", 15);
    int fallbackMigratetype = fields.field("fallback_migratetype=", 15);
    fields.field("fragmenting=", 1);
    boolean changes = fields.field("change_ownership=", 1) != 0;
    fields.finish();
    if (!fields.failed) {
      int payload = EventBatch.extfragPayload(fallbackOrder, fallbackMigratetype, changes);
      add(batch, EventBatch.EXTFRAG, pfn, order, migratetype, payload);
    }
  }

  private void add(EventBatch batch, int kind, long pfn, int order, int migratetype, int payload) {
    long place = EventBatch.place(anchor.cpu, anchor.depth, anchor.isInInterrupt);
    batch.add(EventBatch.pack(kind, pfn, order, migratetype), payload, place, line);
    statistics.events[kind]++;
  }

  private void fail(int from, int end) {
    String found = OtherLines.excerpt(buffer, Math.min(fields.at, end), end);
    throw new BadInput(
        name, line, fields.at - from + 1, "unreadable event at " + found, fields.expected);
  }
}
