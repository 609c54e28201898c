package org.pagewright.lab.trace.input;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The batches of a trace, each handed out once the one behind it has been looked at. */
public final class EventStream implements Closeable {
  /** Events of a batch, and so the least distance over which a batched free is found. */
  static final int BATCH_EVENTS = 1 << 15;

  private final TraceReader reader;
  private final BatchedFrees frees = new BatchedFrees();
  private EventBatch current = new EventBatch(BATCH_EVENTS);
  private EventBatch ahead = new EventBatch(BATCH_EVENTS);
  private long position;
  private boolean isStarted;

  /** The batches of {@code reader}, which is closed with this. */
  public EventStream(TraceReader reader) {
    this.reader = reader;
  }

  /** The next batch, valid until the call after, or null at the end. */
  public @Nullable EventBatch next() throws IOException {
    if (!isStarted) {
      isStarted = true;
      readAhead();
    }
    if (ahead.size() == 0) {
      return null;
    }
    EventBatch next = ahead;
    position += next.size();
    ahead = current;
    current = next;
    readAhead();
    return next;
  }

  /** What the reader met. */
  public TraceStatistics statistics() {
    return reader.statistics();
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  private void readAhead() throws IOException {
    boolean hasMore = reader.read(ahead);
    assert hasMore == (ahead.size() > 0) : ahead.size();
    frees.mark(current, ahead, position);
  }
}
