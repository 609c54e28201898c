package org.pagewright.kernel.buddy;

import org.pagewright.hardware.memory.SparseInts;

/**
 * What the allocator keeps for every frame and pageblock. Models {@code struct page} and the
 * pageblock bitmap (include/linux/{mm_types.h,pageblock-flags.h}).
 *
 * <p>A word describes the head of a block: {@code | migratetype 28-31 | cpu 16-27 | list 8-14 |
 * movable 7 | reported 6 | state 4-5 | order 0-3 |}; the other frames of a block have state {@link
 * #TAIL}. Behind it stand the neighbours on its list. Sixteen bytes a frame, in one place so that a
 * frame costs one cache line, and taken only where frames are used.
 */
public final class Memmap implements AutoCloseable {
  public static final long NONE = -1;

  /** Not the head of a block, or never given to the allocator. */
  public static final int TAIL = 0;

  /** Head of a free block. */
  public static final int FREE = 1;

  /** Head of a block on a per-CPU list. */
  public static final int PCP = 2;

  /** Head of a block that a caller owns. */
  public static final int USED = 3;

  private static final int ORDER_MASK = 15;
  private static final int STATE_SHIFT = 4;
  private static final int STATE_MASK = 3;
  private static final int REPORTED = 1 << 6;
  private static final int MOVABLE = 1 << 7;
  private static final int LIST_SHIFT = 8;
  private static final int LIST_MASK = 127;
  private static final int CPU_SHIFT = 16;
  private static final int CPU_MASK = 0xfff;
  private static final int TYPE_SHIFT = 28;

  private static final int BLOCK_TYPE = 7;
  private static final int BLOCK_UNMAPPED = 8;
  private static final int BLOCK_ISOLATED = 16;
  private static final int BLOCK_SKIPPED = 32;

  /** Numbers for a frame: its word, the next and the previous frame, and one for alignment. */
  private static final int FRAME_SHIFT = 2;

  private static final int NEXT = 1;
  private static final int PREVIOUS = 2;

  /*
   * The heads of the largest blocks stand together behind all other frames. A large machine has
   * little else after boot, and would otherwise touch a page of the host for each of them.
   */
  private static final long HEAD_MASK = (1L << Zone.MAX_ORDER) - 1;

  private final SparseInts cells;
  private final long frames;
  private final byte[] blocks;
  private final int blockOrder;
  private final boolean keepsTypeWhenIsolated;

  public Memmap(long frames, int blockOrder, boolean keepsTypeWhenIsolated) {
    this.cells = new SparseInts((frames + (frames >>> Zone.MAX_ORDER) + 1) << FRAME_SHIFT);
    this.frames = frames;
    this.blocks = new byte[Math.toIntExact((frames >>> blockOrder) + 1)];
    this.blockOrder = blockOrder;
    this.keepsTypeWhenIsolated = keepsTypeWhenIsolated;
    java.util.Arrays.fill(blocks, (byte) Migratetype.MOVABLE);
  }

  public long frames() {
    return frames;
  }

  public boolean contains(long pfn) {
    return pfn >= 0 && pfn < frames;
  }

  /** Where the numbers of a frame begin. */
  private long cell(long pfn) {
    long place = (pfn & HEAD_MASK) == 0 ? frames + (pfn >>> Zone.MAX_ORDER) : pfn;
    return place << FRAME_SHIFT;
  }

  // ---- words

  public int state(long pfn) {
    return (cells.get(cell(pfn)) >>> STATE_SHIFT) & STATE_MASK;
  }

  public int order(long pfn) {
    return cells.get(cell(pfn)) & ORDER_MASK;
  }

  /** Which list of the zone or CPU the block lies on. */
  public int list(long pfn) {
    return (cells.get(cell(pfn)) >>> LIST_SHIFT) & LIST_MASK;
  }

  /** Whose per-CPU list the block lies on. */
  public int cpu(long pfn) {
    return (cells.get(cell(pfn)) >>> CPU_SHIFT) & CPU_MASK;
  }

  /** Migratetype noted when the block was freed to a per-CPU list (6.1), else that it came from. */
  public int notedType(long pfn) {
    return cells.get(cell(pfn)) >>> TYPE_SHIFT;
  }

  /** Notes a migratetype for a frame that is on no list. */
  public void noteType(long pfn, int type) {
    cells.set(cell(pfn), type << TYPE_SHIFT);
  }

  public boolean isMovable(long pfn) {
    return (cells.get(cell(pfn)) & MOVABLE) != 0;
  }

  public boolean isFreeOfOrder(long pfn, int order) {
    return (cells.get(cell(pfn)) & ((STATE_MASK << STATE_SHIFT) | ORDER_MASK))
        == ((FREE << STATE_SHIFT) | order);
  }

  /** Whether a frame's pageblock lies in a used block larger than a pageblock. */
  public boolean isPartOfUsed(long pfn) {
    for (int size = blockOrder + 1; size <= Zone.MAX_ORDER; size++) {
      long head = pfn & -(1L << size);
      if (state(head) == USED && order(head) == size) {
        return true;
      }
    }
    return false;
  }

  public void setFree(long pfn, int order, int list) {
    cells.set(cell(pfn), order | (FREE << STATE_SHIFT) | (list << LIST_SHIFT));
  }

  public void setPcp(long pfn, int order, int list, int cpu, int type) {
    cells.set(
        cell(pfn),
        order
            | (PCP << STATE_SHIFT)
            | (list << LIST_SHIFT)
            | (cpu << CPU_SHIFT)
            | (type << TYPE_SHIFT));
  }

  public void setUsed(long pfn, int order, boolean isMovable, int type) {
    cells.set(
        cell(pfn),
        order | (USED << STATE_SHIFT) | (isMovable ? MOVABLE : 0) | (type << TYPE_SHIFT));
  }

  public void setTail(long pfn) {
    cells.set(cell(pfn), 0);
  }

  /** Whether a host was told of the free block. Models {@code PageReported()}. */
  public boolean isReported(long pfn) {
    return (cells.get(cell(pfn)) & REPORTED) != 0;
  }

  /** Notes that a host was told; forgotten when the block leaves its list. */
  public void setReported(long pfn) {
    long cell = cell(pfn);
    cells.set(cell, cells.get(cell) | REPORTED);
  }

  // ---- links

  public long next(long pfn) {
    return Integer.toUnsignedLong(cells.get(cell(pfn) + NEXT)) - 1;
  }

  public long previous(long pfn) {
    return Integer.toUnsignedLong(cells.get(cell(pfn) + PREVIOUS)) - 1;
  }

  public void setNext(long pfn, long other) {
    cells.set(cell(pfn) + NEXT, (int) (other + 1));
  }

  public void setPrevious(long pfn, long other) {
    cells.set(cell(pfn) + PREVIOUS, (int) (other + 1));
  }

  // ---- pageblocks

  public int blockOrder() {
    return blockOrder;
  }

  public long blockPages() {
    return 1L << blockOrder;
  }

  public long blockStart(long pfn) {
    return pfn & -blockPages();
  }

  /** Freetype of a frame's pageblock, ISOLATE while it is isolated. */
  public int blockFreetype(long pfn) {
    int bits = blocks[(int) (pfn >>> blockOrder)];
    if ((bits & BLOCK_ISOLATED) != 0) {
      return (bits & BLOCK_UNMAPPED) | Migratetype.ISOLATE;
    }
    return bits & (BLOCK_TYPE | BLOCK_UNMAPPED);
  }

  public int blockType(long pfn) {
    return Freetype.migratetype(blockFreetype(pfn));
  }

  public boolean isBlockUnmapped(long pfn) {
    return (blocks[(int) (pfn >>> blockOrder)] & BLOCK_UNMAPPED) != 0;
  }

  public boolean isBlockIsolated(long pfn) {
    return blockType(pfn) == Migratetype.ISOLATE;
  }

  /** Changes the type of a pageblock; its flags stay. */
  public void setBlockType(long pfn, int type) {
    int at = (int) (pfn >>> blockOrder);
    blocks[at] = (byte) ((blocks[at] & ~BLOCK_TYPE) | type);
  }

  /** Changes the types of all pageblocks that a block of {@code order} covers. */
  public void setBlockTypes(long pfn, int order, int type) {
    for (long at = pfn; at < pfn + (1L << order); at += blockPages()) {
      setBlockType(at, type);
    }
  }

  public void setBlockUnmapped(long pfn, boolean isUnmapped) {
    int at = (int) (pfn >>> blockOrder);
    int bits = blocks[at] & ~BLOCK_UNMAPPED;
    blocks[at] = (byte) (isUnmapped ? bits | BLOCK_UNMAPPED : bits);
  }

  /** Whether compaction found nothing in a pageblock lately. Models {@code PB_compact_skip}. */
  public boolean isBlockSkipped(long pfn) {
    return (blocks[(int) (pfn >>> blockOrder)] & BLOCK_SKIPPED) != 0;
  }

  public void setBlockSkipped(long pfn, boolean isSkipped) {
    int at = (int) (pfn >>> blockOrder);
    int bits = blocks[at] & ~BLOCK_SKIPPED;
    blocks[at] = (byte) (isSkipped ? bits | BLOCK_SKIPPED : bits);
  }

  /** Isolates a pageblock or undoes it; before 6.17 the old type is lost meanwhile. */
  public void setBlockIsolated(long pfn, boolean isIsolated, int typeAfter) {
    int at = (int) (pfn >>> blockOrder);
    if (!keepsTypeWhenIsolated) {
      setBlockType(pfn, isIsolated ? Migratetype.ISOLATE : typeAfter);
    } else if (isIsolated) {
      blocks[at] |= BLOCK_ISOLATED;
    } else {
      blocks[at] &= ~BLOCK_ISOLATED;
    }
  }

  /** Real memory that the host spends. */
  public long residentBytes() {
    return cells.residentBytes() + blocks.length;
  }

  @Override
  public void close() {
    cells.close();
  }
}
