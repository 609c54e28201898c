package org.pagewright.lab.trace.input;

/** A run of trace events as packed words, reused from one read to the next. */
public final class EventBatch {
  /** {@code mm_page_alloc}: a request was answered. */
  public static final int ALLOC = 0;

  /** {@code mm_page_free}: a block was prepared for freeing. */
  public static final int FREE = 1;

  /** {@code mm_page_free_batched}: a page of a list of pages was freed. */
  public static final int FREE_BATCHED = 2;

  /** {@code mm_page_alloc_zone_locked}: a block left the free lists. */
  public static final int ZONE_LOCKED = 3;

  /** {@code mm_page_pcpu_drain}: a block left a per-CPU list for the free lists. */
  public static final int PCPU_DRAIN = 4;

  /** {@code mm_page_alloc_extfrag}: a request was served from another type's list. */
  public static final int EXTFRAG = 5;

  /** Number of event kinds above. */
  public static final int KINDS = 6;

  private static final String[] NAMES = {
    "mm_page_alloc",
    "mm_page_free",
    "mm_page_free_batched",
    "mm_page_alloc_zone_locked",
    "mm_page_pcpu_drain",
    "mm_page_alloc_extfrag"
  };

  // First word: pfn in bits 0-39, order 40-47, migratetype 48-55, kind 56-59.
  private static final int ORDER_SHIFT = 40;
  private static final int MIGRATETYPE_SHIFT = 48;
  private static final int KIND_SHIFT = 56;
  private static final long PFN_MASK = (1L << ORDER_SHIFT) - 1;

  // Second word: kind-specific payload in bits 0-31, CPU 32-47, depth 48-51, marks above.
  private static final int CPU_SHIFT = 32;
  private static final int DEPTH_SHIFT = 48;
  private static final long IN_INTERRUPT = 1L << 52;
  private static final long BATCHED_LATER = 1L << 53;

  private final long[] first;
  private final long[] second;
  private final int[] lineOffset;
  private long firstLine;
  private int size;

  /** A batch of up to {@code capacity} events. */
  public EventBatch(int capacity) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity must be positive: " + capacity);
    }
    first = new long[capacity];
    second = new long[capacity];
    lineOffset = new int[capacity];
  }

  /** The name of an event kind as the kernel prints it. */
  public static String name(int kind) {
    return NAMES[kind];
  }

  /** Number of events held. */
  public int size() {
    return size;
  }

  boolean isFull() {
    return size == first.length;
  }

  void clear() {
    size = 0;
  }

  static long pack(int kind, long pfn, int order, int migratetype) {
    return (pfn & PFN_MASK)
        | (long) (order & 0xff) << ORDER_SHIFT
        | (long) (migratetype & 0xff) << MIGRATETYPE_SHIFT
        | (long) kind << KIND_SHIFT;
  }

  /** Packs where an event happened: the CPU, the preemption depth and whether in an interrupt. */
  static long place(int cpu, int depth, boolean inInterrupt) {
    return (long) cpu << CPU_SHIFT
        | (long) (depth & 0xf) << DEPTH_SHIFT
        | (inInterrupt ? IN_INTERRUPT : 0);
  }

  void add(long words, int payload, long place, long line) {
    int at = size++;
    first[at] = words;
    second[at] = (payload & 0xffff_ffffL) | place;
    if (at == 0) {
      firstLine = line;
    }
    lineOffset[at] = (int) (line - firstLine);
  }

  /** The kind of event {@code at}. */
  public int kind(int at) {
    return (int) (first[at] >>> KIND_SHIFT) & 0xf;
  }

  /** The first frame of the block. */
  public long pfn(int at) {
    return first[at] & PFN_MASK;
  }

  /** The block's order; for {@link #EXTFRAG} the order asked for. */
  public int order(int at) {
    return (int) (first[at] >>> ORDER_SHIFT) & 0xff;
  }

  /** The migratetype printed; for {@link #EXTFRAG} the one asked for. */
  public int migratetype(int at) {
    return (int) (first[at] >>> MIGRATETYPE_SHIFT) & 0xff;
  }

  /** The CPU the event was recorded on. */
  public int cpu(int at) {
    return (int) (second[at] >>> CPU_SHIFT) & 0xffff;
  }

  /** {@link #ALLOC}: the request's gfp flags, in the bit values of the trace's kernel. */
  public int gfp(int at) {
    return (int) second[at];
  }

  /** {@link #ZONE_LOCKED}: the printed {@code percpu_refill}. */
  public boolean isRefill(int at) {
    return ((int) second[at] & 1) != 0;
  }

  /** {@link #EXTFRAG}: the order of the block that was broken up. */
  public int fallbackOrder(int at) {
    return (int) second[at] & 0xff;
  }

  /** {@link #EXTFRAG}: the type of the list the block came from. */
  public int fallbackMigratetype(int at) {
    return (int) second[at] >>> 8 & 0xff;
  }

  /** {@link #EXTFRAG}: whether the whole pageblock changed its type. */
  public boolean changesOwnership(int at) {
    return ((int) second[at] >>> 16 & 1) != 0;
  }

  static int extfragPayload(int fallbackOrder, int fallbackMigratetype, boolean changesOwnership) {
    return (fallbackOrder & 0xff)
        | (fallbackMigratetype & 0xff) << 8
        | (changesOwnership ? 1 << 16 : 0);
  }

  /** The line of the trace that held the event, from 1. */
  public long line(int at) {
    return firstLine + lineOffset[at];
  }

  /** Notes that the page of {@link #FREE} event {@code at} is listed later. */
  void markBatchedLater(int at) {
    assert kind(at) == FREE : name(kind(at));
    second[at] |= BATCHED_LATER;
  }

  /** Gives {@link #FREE_BATCHED} event {@code at}, printed with order 0, its block's order. */
  void correctOrder(int at, int order) {
    assert kind(at) == FREE_BATCHED : name(kind(at));
    first[at] = (first[at] & ~(0xffL << ORDER_SHIFT)) | ((long) order << ORDER_SHIFT);
  }

  /** Depth of disabled preemption, as far as the trace prints it. */
  public int depth(int at) {
    return (int) (second[at] >>> DEPTH_SHIFT) & 0xf;
  }

  /** Whether the event happened in an interrupt or a softirq. */
  public boolean isInInterrupt(int at) {
    return (second[at] & IN_INTERRUPT) != 0;
  }

  /** {@link #FREE}: the page reaches the lists later, at its {@link #FREE_BATCHED} event. */
  public boolean isBatchedLater(int at) {
    return (second[at] & BATCHED_LATER) != 0;
  }
}
