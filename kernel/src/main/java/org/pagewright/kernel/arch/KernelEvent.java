package org.pagewright.kernel.arch;

/**
 * Numbers of the events that kernel code records in the machine's event log, and their operands.
 *
 * <p>Kinds 0 to 99 belong to the hardware (broken context rules among them), 100 to 199 are listed
 * here; features that stand on top of these packages number theirs from 200. An event states a
 * fact, never a judgement: whether it is allowed is for a checker to say. The exceptions are the
 * warnings that Linux itself would print.
 */
public final class KernelEvent {
  /** An entry of a page table was written: a = physical address, b = old value, c = new value. */
  public static final int ENTRY_WRITE = 100;

  /** A page became a page table: a = frame, b = level, c = order. */
  public static final int TABLE_ALLOCATED = 101;

  /** A page table was given back: a = frame, b = level, c = order. */
  public static final int TABLE_FREED = 102;

  /** A request got frames: a = first frame, b = order, c = gfp flags. */
  public static final int FRAMES_ALLOCATED = 103;

  /** Frames are about to be free: a = first frame, b = order. */
  public static final int FRAMES_FREED = 104;

  /** An entry of a page table was read: a = physical address, b = value. */
  public static final int ENTRY_READ = 105;

  /** A leaf of the direct map was replaced by a table: a = address, b = old level, c = table. */
  public static final int DIRECT_MAP_SPLIT = 110;

  /** A table of the direct map became a leaf: a = address, b = new level, c = table to be freed. */
  public static final int DIRECT_MAP_COLLAPSE = 111;

  /** Attributes are about to change: a = first address, b = pages, c = ordinal of the change. */
  public static final int ATTRIBUTES_CHANGE = 112;

  /** The change of attributes ended: a = first address, b = pages, c = 0 or a negative error. */
  public static final int ATTRIBUTES_CHANGED = 113;

  /** A page mapping became writable and executable: a = address, b = old entry, c = new entry. */
  public static final int WRITE_AND_EXECUTE = 114;

  /** The existing mapping contradicts a static protection: a = address, b = entry, c = level. */
  public static final int STATIC_PROTECTION_CONFLICT = 115;

  /** An attribute change met an address without any mapping: a = address, b = pages left. */
  public static final int ATTRIBUTES_OF_NOTHING = 116;

  /** A pageblock left the direct map and was flushed: a = first frame, b = pages. */
  public static final int BLOCK_UNMAPPED = 117;

  /** A pageblock is back in the direct map: a = first frame, b = pages. */
  public static final int BLOCK_MAPPED = 118;

  /** A conversion failed and nothing changed: a = first frame, b = pages, c = negative error. */
  public static final int BLOCK_UNCHANGED = 119;

  /** A flush of kernel addresses begins: a = first address, b = end, c = 1 if it flushes all. */
  public static final int FLUSH_KERNEL = 120;

  /** A flush of kernel addresses has reached every CPU: a = first address, b = end. */
  public static final int FLUSHED_KERNEL = 121;

  /** A flush of an address space begins: a = context, b = first address, c = end. */
  public static final int FLUSH_MM = 122;

  /**
   * A flush of an address space has reached every CPU that needs it: a = context, b = generation.
   */
  public static final int FLUSHED_MM = 123;

  /** A CPU flushed only its own translations: a = 1 with global ones, 0 without. */
  public static final int FLUSH_LOCAL = 124;

  /** A CPU changed its address space: a = old context, b = new context, c = 1 if it flushed. */
  public static final int SWITCH_MM = 125;

  /** A CPU keeps the tables of a context without using them: a = context, b = 1 entering. */
  public static final int LAZY_TLB = 126;

  /**
   * A leaf of kernel mappings is about to be split: a = level of the table it needs, b = nesting.
   */
  public static final int SPLIT_BEGINS = 127;

  /** A split has its table or goes without: a = level, b = nesting, c = table or -1. */
  public static final int SPLIT_HAS_TABLE = 128;

  /** Kernel code warned: a = number of the {@link KernelWarning}, b = address. */
  public static final int WARNING = 130;

  /** A zone's lock is about to be released: a = zone. */
  public static final int ZONE_UNLOCKED = 141;

  /** A free block was put on a list: a = first frame, b = order, c = the list's freetype. */
  public static final int FREE_LIST_ADD = 142;

  /** A free block was taken off its list: a = first frame, b = order, c = the list's freetype. */
  public static final int FREE_LIST_REMOVE = 143;

  /** A zone's counters of free pages changed: a = zone, b = pages, c = freetype. */
  public static final int FREE_PAGES_COUNTED = 144;

  /** A request for frames begins: a = gfp flags, b = order, c = flags of a caller inside mm. */
  public static final int REQUEST = 145;

  /** A request got nothing: a = gfp flags, b = order, c = flags of a caller inside mm. */
  public static final int REQUEST_FAILED = 146;

  /** The allocator begins to touch contents of frames that change hands: a = frame, b = order. */
  public static final int CONTENTS_BEGIN = 147;

  /**
   * The allocator has touched contents of frames that change hands: a = frame, b = order, c = the
   * gfp flags that asked for it, or 0.
   */
  public static final int CONTENTS_END = 148;

  /**
   * A request is served, its frames hold what was asked for: a = first frame, b = order, c = gfp.
   */
  public static final int FRAMES_READY = 170;

  /** A page was copied whole: a = frame written, b = frame read. */
  public static final int FRAME_COPIED = 171;

  /** First number for features that stand on top of these packages. */
  public static final int FIRST_FEATURE = 200;

  private KernelEvent() {}

  /** Kebab-case name of an event, for reports. */
  public static String name(int kind) {
    return switch (kind) {
      case ENTRY_WRITE -> "entry-write";
      case TABLE_ALLOCATED -> "table-allocated";
      case TABLE_FREED -> "table-freed";
      case FRAMES_ALLOCATED -> "frames-allocated";
      case FRAMES_FREED -> "frames-freed";
      case ENTRY_READ -> "entry-read";
      case DIRECT_MAP_SPLIT -> "direct-map-split";
      case DIRECT_MAP_COLLAPSE -> "direct-map-collapse";
      case ATTRIBUTES_CHANGE -> "attributes-change";
      case ATTRIBUTES_CHANGED -> "attributes-changed";
      case WRITE_AND_EXECUTE -> "write-and-execute";
      case STATIC_PROTECTION_CONFLICT -> "static-protection-conflict";
      case ATTRIBUTES_OF_NOTHING -> "attributes-of-nothing";
      case BLOCK_UNMAPPED -> "block-unmapped";
      case BLOCK_MAPPED -> "block-mapped";
      case BLOCK_UNCHANGED -> "block-unchanged";
      case FLUSH_KERNEL -> "flush-kernel";
      case FLUSHED_KERNEL -> "flushed-kernel";
      case FLUSH_MM -> "flush-mm";
      case FLUSHED_MM -> "flushed-mm";
      case FLUSH_LOCAL -> "flush-local";
      case SWITCH_MM -> "switch-mm";
      case LAZY_TLB -> "lazy-tlb";
      case SPLIT_BEGINS -> "split-begins";
      case SPLIT_HAS_TABLE -> "split-has-table";
      case ZONE_UNLOCKED -> "zone-unlocked";
      case FREE_LIST_ADD -> "free-list-add";
      case FREE_LIST_REMOVE -> "free-list-remove";
      case FREE_PAGES_COUNTED -> "free-pages-counted";
      case REQUEST -> "request";
      case REQUEST_FAILED -> "request-failed";
      case CONTENTS_BEGIN -> "contents-begin";
      case CONTENTS_END -> "contents-end";
      case FRAMES_READY -> "frames-ready";
      case FRAME_COPIED -> "frame-copied";
      case WARNING -> "warning";
      default -> "kernel-event-" + kind;
    };
  }
}
