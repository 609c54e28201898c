package org.pagewright.kernel.mm;

import org.pagewright.kernel.arch.KernelEvent;

/**
 * Numbers of the events of address spaces and of what lives in them, and their operands. They
 * follow those of {@link KernelEvent}; an event states a fact, never a judgement.
 */
public final class MmEvent {
  private static final int FIRST = KernelEvent.FIRST_FEATURE;

  /** An address space was made: a = context, b = kernel root, c = user root or -1. */
  public static final int MM_CREATED = FIRST;

  /** An address space ends; its tables are about to go: a = context. */
  public static final int MM_EXIT = FIRST + 1;

  /** An address space is gone: a = context. */
  public static final int MM_DESTROYED = FIRST + 2;

  /** User tables that hang in an address space were counted: a = context, b = level, c = count. */
  public static final int TABLES_COUNTED = FIRST + 4;

  /** A task runs on a CPU from here on: a = task, b = context or -1. */
  public static final int TASK_RUNS = FIRST + 3;

  /**
   * The mm-local region of a context may be used from here on: a = context, b = first address, c =
   * bytes.
   */
  public static final int REGION_USED = FIRST + 10;

  /** The tables of a region are freed: a = context, b = tables. */
  public static final int REGION_FREED = FIRST + 11;

  /** A context has another LDT: a = context, b = entries. */
  public static final int LDT_INSTALLED = FIRST + 12;

  /** The LDT code warned: a = context, b = ordinal of the warning. */
  public static final int LDT_WARNING = FIRST + 13;

  /**
   * A CPU loaded its LDTR: a = context or -1 for none, b = address of the alias or 0 for the
   * kernel's own, c = bytes, 0 for an empty register.
   */
  public static final int LDT_LOADED = FIRST + 14;

  /** The mermap of a context is ready: a = context. */
  public static final int MERMAP_PREPARED = FIRST + 20;

  /** Pages were mapped: a = first address, b = first frame, c = pages. */
  public static final int MERMAP_GET = FIRST + 21;

  /** A mapping ended, its translations may live on: a = first address, b = 0, c = pages. */
  public static final int MERMAP_PUT = FIRST + 22;

  /** A window starts again: a = context, b = address, c = CPU. */
  public static final int MERMAP_WRAP = FIRST + 23;

  /** The mermap warned: a = context, b = ordinal of the warning. */
  public static final int MERMAP_WARNING = FIRST + 24;

  /** Every translation of a context's windows is gone from every CPU: a = context. */
  public static final int MERMAP_FLUSHED = FIRST + 25;

  /** A request for a mapping got nothing: a = context, b = 1 for the reserved request. */
  public static final int MERMAP_REFUSED = FIRST + 26;

  /**
   * A CPU maps or unmaps, which allocates nothing: a = context or -1, b = 1 begins, 0 ends, c = the
   * rights that a mapping is to have.
   */
  public static final int MERMAP_CALL = FIRST + 27;

  /**
   * A frame joined a secret file and is absent from the direct map: a = frame, b = pages, c = file
   * with its promises, {@link #EMPTY_AT_FIRST} and {@link #ERASED_AT_END}.
   */
  public static final int SECRET_ADDED = FIRST + 40;

  /** Beside the number of a file: its pages hold nothing before its user writes to them. */
  public static final long EMPTY_AT_FIRST = 1L << 33;

  /** Beside the number of a file: its pages are cleared before they are given back. */
  public static final long ERASED_AT_END = 1L << 32;

  /** A frame is about to be freed from a secret file: a = frame, b = pages, c = file. */
  public static final int SECRET_REMOVED = FIRST + 41;

  /** A frame could not be put back in the direct map and is kept for ever: a = frame, b = error. */
  public static final int SECRET_LEAKED = FIRST + 42;

  /** The kernel took a frame through a user address to use it: a = frame, b = file. */
  public static final int FRAME_PINNED = FIRST + 43;

  /** A page of a file is clean from here on: a = frame. */
  public static final int PAGE_CLEANED = FIRST + 50;

  private MmEvent() {}

  /** Kebab-case name of an event, for reports. */
  public static String name(int kind) {
    return switch (kind) {
      case MM_CREATED -> "mm-created";
      case MM_EXIT -> "mm-exit";
      case MM_DESTROYED -> "mm-destroyed";
      case TABLES_COUNTED -> "tables-counted";
      case TASK_RUNS -> "task-runs";
      case REGION_USED -> "region-used";
      case REGION_FREED -> "region-freed";
      case LDT_INSTALLED -> "ldt-installed";
      case LDT_WARNING -> "ldt-warning";
      case LDT_LOADED -> "ldt-loaded";
      case MERMAP_PREPARED -> "mermap-prepared";
      case MERMAP_GET -> "mermap-get";
      case MERMAP_PUT -> "mermap-put";
      case MERMAP_WRAP -> "mermap-wrap";
      case MERMAP_WARNING -> "mermap-warning";
      case MERMAP_FLUSHED -> "mermap-flushed";
      case MERMAP_REFUSED -> "mermap-refused";
      case MERMAP_CALL -> "mermap-call";
      case SECRET_ADDED -> "secret-added";
      case SECRET_REMOVED -> "secret-removed";
      case SECRET_LEAKED -> "secret-leaked";
      case FRAME_PINNED -> "frame-pinned";
      case PAGE_CLEANED -> "page-cleaned";
      default -> KernelEvent.name(kind);
    };
  }
}
