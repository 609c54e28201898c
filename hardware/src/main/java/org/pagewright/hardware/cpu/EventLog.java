package org.pagewright.hardware.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What happened, as words in a ring that checkers read between steps.
 *
 * <p>Kinds 0 to 99 are the hardware's ({@link HardwareEvent}), 100 and above the kernel's. Without
 * a reader nothing is recorded and {@link #record} is one branch. Nothing is ever lost: a full ring
 * is drained into the readers on the spot. A reader hears the kinds that it asks for, after those
 * who were attached before it.
 */
public final class EventLog {
  /** First kind that is not the hardware's. */
  public static final int FIRST_KERNEL_KIND = 100;

  /** All kinds are below. */
  public static final int KINDS = 512;

  /** Events that fit before the ring is drained by force. */
  static final int CAPACITY = 1 << 14;

  private static final int CAPACITY_AT_FIRST = 1 << 8;
  private static final int WORDS = 4;

  /** Takes events in the order in which they happened. */
  public interface Reader {
    /** One event; {@code a}, {@code b} and {@code c} mean what the kind says. */
    void event(int kind, int cpu, long a, long b, long c);

    /** What it hears, the same as long as it is attached; everything unless it says otherwise. */
    default Kinds kinds() {
      return Kinds.ALL;
    }
  }

  /** A set of kinds of events, which never changes. */
  public static final class Kinds {
    /** For readers whom everything concerns. */
    public static final Kinds ALL = of(IntStream.range(0, KINDS).toArray());

    /** For readers who only look when they are asked. */
    public static final Kinds NONE = of();

    private final int[] kinds;

    private Kinds(IntStream kinds) {
      this.kinds = kinds.sorted().distinct().toArray();
    }

    /** Those listed, each below {@link #KINDS}. */
    public static Kinds of(int... listed) {
      for (int kind : listed) {
        if (kind < 0 || kind >= KINDS) {
          throw new IllegalArgumentException("event kind " + kind + "; expected below " + KINDS);
        }
      }
      return new Kinds(IntStream.of(listed));
    }

    /** These and {@code more}. */
    public Kinds and(Kinds more) {
      return new Kinds(IntStream.concat(IntStream.of(kinds), IntStream.of(more.kinds)));
    }

    @Override
    public String toString() {
      return Arrays.toString(kinds);
    }
  }

  private static final Reader[] NOBODY = {};
  private static final Reader[][] NOT_ASKED = {};

  private final List<Reader> readers = new ArrayList<>();

  /** By kind who hears it; empty until an event is given since a reader came or went. */
  private Reader[][] hearers = NOT_ASKED;

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
    readers.add(reader);
    hearers = NOT_ASKED;
    isRecording = true;
  }

  /** Removes a reader after giving it what is still in the ring. */
  public void detach(Reader reader) {
    drain();
    readers.removeIf(reader::equals);
    hearers = NOT_ASKED;
    isRecording = !readers.isEmpty();
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
    if (drainsAtOnce) {
      drained = ++written; // the ring is empty and stays so
      give(kind, cpu, a, b, c);
      return;
    }
    if ((written - drained) * WORDS == words.length) {
      makeRoom();
    }
    int at = (int) written++ * WORDS & (words.length - 1);
    words[at] = (long) kind << 32 | cpu;
    words[at + 1] = a;
    words[at + 2] = b;
    words[at + 3] = c;
  }

  private void give(int kind, int cpu, long a, long b, long c) {
    if (hearers.length == 0) {
      hearers = ask();
    }
    for (Reader reader : hearers[kind]) {
      reader.event(kind, cpu, a, b, c);
    }
  }

  private Reader[][] ask() {
    int[] counts = new int[KINDS];
    for (Reader reader : readers) {
      for (int kind : reader.kinds().kinds) {
        counts[kind]++;
      }
    }
    Reader[][] asked = new Reader[KINDS][];
    for (int kind = 0; kind < KINDS; kind++) {
      asked[kind] = counts[kind] == 0 ? NOBODY : new Reader[counts[kind]];
    }
    Arrays.fill(counts, 0);
    for (Reader reader : readers) {
      for (int kind : reader.kinds().kinds) {
        asked[kind][counts[kind]++] = reader;
      }
    }
    return asked;
  }

  /** A kernel that is booted for one short run must not pay for a ring that it never fills. */
  private void makeRoom() {
    if (words.length == CAPACITY * WORDS) {
      drain();
      return;
    }
    long[] larger = new long[Math.max(2 * words.length, CAPACITY_AT_FIRST * WORDS)];
    for (long event = drained; event < written; event++) {
      int from = (int) event * WORDS & (words.length - 1);
      System.arraycopy(words, from, larger, (int) event * WORDS & (larger.length - 1), WORDS);
    }
    words = larger;
  }

  /** Gives all readers what they hear and have not seen. */
  public void drain() {
    while (drained < written) {
      int at = (int) drained++ * WORDS & (words.length - 1);
      long head = words[at];
      give((int) (head >>> 32), (int) head, words[at + 1], words[at + 2], words[at + 3]);
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
