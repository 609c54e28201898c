package org.pagewright.hardware.cpu;

import org.pagewright.hardware.memory.PhysicalMemory;
import org.pagewright.hardware.paging.PermissionBits;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;

/** Page tables for tests, written entry by entry from a pool of frames. */
final class TestTables {
  static final int ALL_FLAGS = Rights.ACCESSED | Rights.DIRTY;
  static final int READ_WRITE = Rights.KERNEL_READ | Rights.KERNEL_WRITE | ALL_FLAGS;

  private final PhysicalMemory memory;
  private final PteFormat format;
  private long next = 1 << 20;
  final long root;

  TestTables(Machine machine) {
    this.memory = machine.memory();
    this.format = machine.format();
    this.root = newTable(format.topLevel());
  }

  /** A zeroed table of the level. */
  long newTable(int level) {
    long bytes = Math.max(4096, format.tableBytes(level));
    next = (next + bytes - 1) & -bytes;
    long table = next;
    next += bytes;
    for (long pa = table; pa < next; pa += Long.BYTES) {
      writeEntry(pa, format.empty(level));
    }
    return table;
  }

  /** Maps a page of the level's leaf size. */
  void map(long va, long pa, int level, int rights) {
    writeEntry(entryPa(va, level), format.leaf(level, pa, rights));
  }

  void map(long va, long pa, int level, int rights, int pkey) {
    writeEntry(entryPa(va, level), format.leaf(level, pa, rights, pkey, /* memoryType= */ 0));
  }

  void unmap(long va, int level) {
    writeEntry(entryPa(va, level), format.empty(level));
  }

  /** Makes the entry of the level point to a table. */
  void pointTo(long va, int level, long table) {
    writeEntry(entryPa(va, level), accessed(format.table(level, table), level));
  }

  /** Address of the table of the level for an address; tables above are made as needed. */
  long tablePa(long va, int level) {
    long table = root;
    for (int at = format.topLevel(); at > level; at--) {
      long entryPa = format.entryPa(table, va, at);
      long entry = readEntry(entryPa);
      if (!format.isPresent(entry, at)) {
        entry = accessed(format.table(at, newTable(at - 1)), at);
        writeEntry(entryPa, entry);
      }
      table = format.pa(entry, at);
    }
    return table;
  }

  long entryPa(long va, int level) {
    return format.entryPa(tablePa(va, level), va, level);
  }

  long readEntry(long pa) {
    long entry = memory.read(pa);
    return format.has(PteFormat.Feature.BIG_ENDIAN) ? Long.reverseBytes(entry) : entry;
  }

  void writeEntry(long pa, long entry) {
    memory.write(pa, format.has(PteFormat.Feature.BIG_ENDIAN) ? Long.reverseBytes(entry) : entry);
  }

  private long accessed(long entry, int level) {
    PermissionBits bits = format.level(level).table();
    return ((entry ^ bits.inverted()) | bits.accessed()) ^ bits.inverted();
  }
}
