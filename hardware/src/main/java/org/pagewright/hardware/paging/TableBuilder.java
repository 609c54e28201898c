package org.pagewright.hardware.paging;

import org.pagewright.hardware.memory.PhysicalMemory;

/**
 * Writes page tables of any format into simulated RAM: for images, tests and benchmarks.
 *
 * <p>It is no kernel: it never frees, splits or flushes, and refuses to map what is mapped. A
 * builder fills the tree of one root; addresses of the other root need a builder of their own.
 */
public final class TableBuilder {
  private final PhysicalMemory memory;
  private final PteFormat format;
  private final FrameSource frames;
  private final int topLevel;
  private final long rootPa;

  /** Where tables come from. */
  @FunctionalInterface
  public interface FrameSource {
    /**
     * The address of a block of RAM of this many bytes, a power of two, aligned to its size.
     *
     * @param bytes size of a table, which may be less than a page (s390, PAE, Power)
     */
    long allocate(long bytes);

    /** Hands out the range {@code [from, to)} from its start and throws when it is used up. */
    static FrameSource rising(long from, long to) {
      return new FrameSource() {
        private long next = from;

        @Override
        public long allocate(long bytes) {
          long pa = (next + bytes - 1) & -bytes;
          if (pa + bytes > to) {
            throw new IllegalStateException(
                "no room for tables: 0x" + Long.toHexString(from) + "-0x" + Long.toHexString(to));
          }
          next = pa + bytes;
          return pa;
        }
      };
    }
  }

  /**
   * Starts with an empty top table for the address size that {@link PagingRegisters} has at boot.
   */
  public TableBuilder(PhysicalMemory memory, PteFormat format, FrameSource frames) {
    this(memory, format, frames, format.topLevel(format.usualAddressBits()));
  }

  /** Starts with an empty top table of this level. */
  public TableBuilder(PhysicalMemory memory, PteFormat format, FrameSource frames, int topLevel) {
    this.memory = memory;
    this.format = format;
    this.frames = frames;
    this.topLevel = topLevel;
    this.rootPa = newTable(topLevel);
  }

  /** Address of the top table, for a root register. */
  public long rootPa() {
    return rootPa;
  }

  public int topLevel() {
    return topLevel;
  }

  /** Maps a range by the largest leaves that fit, each with these rights. */
  public void map(long va, long pa, long bytes, int rights) {
    map(va, pa, bytes, rights, topLevel);
  }

  /** Maps a range by the largest leaves that fit, none above {@code largestLevel}. */
  public void map(long va, long pa, long bytes, int rights, int largestLevel) {
    map(va, pa, bytes, largestLevel, rights, /* pkey= */ 0, /* memoryType= */ 0);
  }

  /** Maps a range by the largest leaves that fit, none above {@code largestLevel}. */
  public void map(
      long va, long pa, long bytes, int largestLevel, int rights, int pkey, int memoryType) {
    long misalignment = (va | pa | bytes) & (format.pageBytes() - 1);
    if (misalignment != 0 || bytes <= 0) {
      throw new IllegalArgumentException(
          "cannot map " + bytes + " bytes at 0x" + Long.toHexString(va) + " in pages of " + format);
    }
    long done = 0;
    while (done < bytes) {
      int level = leafLevel(va + done, pa + done, bytes - done, largestLevel);
      long leaf = format.leaf(level, pa + done, rights, pkey, memoryType);
      done += mapTable(va + done, level, leaf, bytes - done);
    }
  }

  /** Fills the table of that level with leaves from {@code va} on; returns the bytes mapped. */
  private long mapTable(long va, int level, long firstLeaf, long bytes) {
    long step = format.levelBytes(level);
    long entryPa = makeEntry(va, level);
    long inTable = format.level(level).entries() - format.index(va, level);
    long count = Math.min(inTable, bytes >>> format.level(level).shift());
    long addressStep = step >>> format.addressShift();
    for (long i = 0; i < count; i++) {
      long pa = entryPa + i * Long.BYTES;
      requireUnmapped(pa, va + i * step, level);
      write(pa, firstLeaf + i * addressStep);
    }
    return count * step;
  }

  private int leafLevel(long va, long pa, long bytes, int largestLevel) {
    for (int level = Math.min(largestLevel, topLevel); level > 1; level--) {
      long size = format.levelBytes(level);
      if (format.isLeafLevel(level) && ((va | pa) & (size - 1)) == 0 && bytes >= size) {
        return level;
      }
    }
    return 1;
  }

  /**
   * Maps one run of leaves that count as a single larger page (arm64 contiguous, RISC-V NAPOT).
   *
   * @param va aligned to the run's size, as {@code pa}
   */
  public void mapRun(long va, long pa, int level, int rights) {
    PteLevel bits = format.level(level);
    long bytes = 1L << bits.runShift();
    if (bits.runMark() == 0 || ((va | pa) & (bytes - 1)) != 0) {
      throw new IllegalArgumentException(
          format + " has no run at level " + level + " for 0x" + Long.toHexString(va));
    }
    long step = format.levelBytes(level);
    for (long offset = 0; offset < bytes; offset += step) {
      long entryPa = makeEntry(va + offset, level);
      requireUnmapped(entryPa, va + offset, level);
      write(entryPa, format.inRun(format.leaf(level, pa + offset, rights), level));
    }
  }

  /** Limits what holds below the table entry of that level, which must exist, to these rights. */
  public void restrict(long va, int level, int rights) {
    long entryPa = entryPa(va, level);
    long entry = read(entryPa);
    if (!format.isTable(entry, level)) {
      throw new IllegalArgumentException(
          "no table below level " + level + " at 0x" + Long.toHexString(va));
    }
    write(entryPa, format.table(level, format.pa(entry, level), rights));
  }

  /** Writes any entry, making the tables above it. */
  public void writeEntry(long va, int level, long entry) {
    write(makeEntry(va, level), entry);
  }

  /** Reads an entry; the tables above it must exist. */
  public long readEntry(long va, int level) {
    return read(entryPa(va, level));
  }

  /** Address of the entry for {@code va} at that level; the tables above it must exist. */
  public long entryPa(long va, int level) {
    long table = rootPa;
    for (int above = topLevel; above > level; above--) {
      long entry = read(format.entryPa(table, va, above));
      if (!format.isTable(entry, above)) {
        throw new IllegalArgumentException(
            "no table of level " + (above - 1) + " at 0x" + Long.toHexString(va));
      }
      table = format.pa(entry, above);
    }
    return format.entryPa(table, va, level);
  }

  private long makeEntry(long va, int level) {
    long table = rootPa;
    for (int above = topLevel; above > level; above--) {
      long entryPa = format.entryPa(table, va, above);
      long entry = read(entryPa);
      if (!format.isPresent(entry, above)) {
        entry = format.table(above, newTable(above - 1));
        write(entryPa, entry);
      }
      if (!format.isTable(entry, above)) {
        throw new IllegalArgumentException(
            "a page of level " + above + " maps 0x" + Long.toHexString(va) + " already");
      }
      table = format.pa(entry, above);
    }
    return format.entryPa(table, va, level);
  }

  private void requireUnmapped(long entryPa, long va, int level) {
    if (format.isPresent(read(entryPa), level)) {
      throw new IllegalArgumentException(
          "0x" + Long.toHexString(va) + " is mapped already at level " + level);
    }
  }

  private long newTable(int level) {
    long bytes = format.tableBytes(level);
    long pa = frames.allocate(Math.max(bytes, PteFormat.SMALLEST_TABLE_BYTES));
    memory.zero(pa, bytes);
    long empty = format.empty(level);
    for (long offset = 0; empty != 0 && offset < bytes; offset += Long.BYTES) {
      write(pa + offset, empty);
    }
    return pa;
  }

  private long read(long entryPa) {
    return format.fromMemory(memory.read(entryPa));
  }

  private void write(long entryPa, long entry) {
    memory.write(entryPa, format.toMemory(entry));
  }
}
