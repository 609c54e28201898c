package org.pagewright.hardware.cpu;

import java.util.Arrays;

/**
 * What happened, as words in a ring that checkers read between steps.
 *
 * <p>Kinds 0 to 99 are the hardware's ({@link HardwareEvent}), 100 and above the kernel's. Without
 * a reader nothing is recorded and {@link #record} is one branch. Nothing is ever lost: a full ring
 * is drained into the readers on the spot.
 */
public final class EventLog {
  /** First kind that is not the hardware's. */
  public static final int FIRST_KERNEL_KIND = 100;

  /** Events that fit before the ring is drained by force. */
  static final int CAPACITY = 1 << 14;

  private static final int CAPACITY_AT_FIRST = 1 << 8;
  private static final int WORDS = 4;

  /** Takes events in the order in which they happened. */
  public interface Reader {
    /** One event; {@code a}, {@code b} and {@code c} mean what the kind says. */
    void event(int kind, int cpu, long a, long b, long c);
  }

  private static final Reader[] NO_READERS = {};

  private Reader[] readers = NO_READERS;
  private long[] words = {};
  private long written;
  private long drained;
  private boolean isRecording;
  private boolean drainsAtOnce;

  /** An empty log without readers. */
  public EventLog() {}

  /** Adds a reader and starts recording; it sees events from here on. */
  public void attach(Reader reader) {
    drain();
    if (words.length == 0) {
      words = new long[CAPACITY_AT_FIRST * WORDS];
    }
    readers = Arrays.copyOf(readers, readers.length + 1);
    readers[readers.length - 1] = reader;
    isRecording = true;
  }

  /** Removes a reader after giving it what is still in the ring. */
  public void detach(Reader reader) {
    drain();
    readers = Arrays.stream(readers).filter(other -> !other.equals(reader)).toArray(Reader[]::new);
    isRecording = readers.length > 0;
  }

  /** True when somebody reads: what is costly to say is said only then. */
  public boolean isRecording() {
    return isRecording;
  }

  /**
   * Whether readers see each event before the code that recorded it goes on, so that what they look
   * at elsewhere is as it was then; slower than reading in batches.
   */
  public void drainAtOnce(boolean atOnce) {
    drain();
    drainsAtOnce = atOnce;
  }

  /** Records one event when somebody reads. */
  public void record(int kind, int cpu, long a, long b, long c) {
    if (isRecording) {
      append(kind, cpu, a, b, c);
    }
  }

  private void append(int kind, int cpu, long a, long b, long c) {
    if ((written - drained) * WORDS == words.length) {
      makeRoom();
    }
    int at = (int) written++ * WORDS & (words.length - 1);
    words[at] = (long) kind << 32 | cpu;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
    if (drainsAtOnce) {
      drain();
    }
  }

  /** A kernel that is booted for one short run must not pay for a ring that it never fills. */
  private void makeRoom() {
    if (words.length == CAPACITY * WORDS) {
      drain();
      return;
    }
    long[] larger = new long[2 * words.length];
    for (long event = drained; event < written; event++) {
      int from = (int) event * WORDS & (words.length - 1);
      System.arraycopy(words, from, larger, (int) event * WORDS & (larger.length - 1), WORDS);
    }
    words = larger;
  }

  /** Gives all readers what they have not seen. */
  public void drain() {
    while (drained < written) {
      int at = (int) drained++ * WORDS & (words.length - 1);
      long head = words[at];
      for (Reader reader : readers) {
        reader.event((int) (head >>> 32), (int) head, words[at + 1], words[at + 2], words[at + 3]);
      }
    }
  }

  /** Gives {@code reader} alone what is in the ring and empties it; for readers not attached. */
  public void drainTo(Reader reader) {
    while (drained < written) {
      int at = (int) drained++ * WORDS & (words.length - 1);
      long head = words[at];
      reader.event((int) (head >>> 32), (int) head, words[at + 1], words[at + 2], words[at + 3]);
    }
  }

  /** How many events were recorded since the machine was made. */
  public long position() {
    return written;
  }
}
