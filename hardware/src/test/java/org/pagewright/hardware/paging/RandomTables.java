package org.pagewright.hardware.paging;

import java.util.Random;
import org.pagewright.hardware.memory.PhysicalMemory;

/** Random page tables in which every kind of entry occurs, garbage included. */
final class RandomTables {
  /** Tables lie here, four of each level. */
  static final long FIRST_TABLE = 2L << 20;

  private static final long TABLE_STEP = 64L << 10;
  private static final int TABLES_PER_LEVEL = 4;

  private final Random random;
  private final PhysicalMemory memory;
  private final PteFormat format;

  RandomTables(Random random, PhysicalMemory memory, PteFormat format) {
    this.random = random;
    this.memory = memory;
    this.format = format;
  }

  /** Address of a random table of the level. */
  long table(int level) {
    int slot = level * TABLES_PER_LEVEL + random.nextInt(TABLES_PER_LEVEL);
    return FIRST_TABLE + slot * TABLE_STEP;
  }

  void fill() {
    for (int level = 1; level <= format.topLevel(); level++) {
      for (int i = 0; i < TABLES_PER_LEVEL; i++) {
        fill(FIRST_TABLE + (level * TABLES_PER_LEVEL + i) * TABLE_STEP, level);
      }
    }
  }

  private void fill(long table, int level) {
    for (int index = 0; index < format.level(level).entries(); index++) {
      if (isUsed(index, level)) {
        memory.write(table + index * 8L, format.toMemory(entry(level)));
      }
    }
  }

  /** Addresses use few indexes, so that tables need few entries. */
  private boolean isUsed(int index, int level) {
    long last = format.level(level).entries() - 1;
    return index < 5 || index > last - 3;
  }

  private int usedIndex(int level) {
    int last = (int) format.level(level).entries() - 1;
    int pick = random.nextInt(8);
    return pick < 5 ? Math.min(pick, last) : Math.max(0, last - (pick - 5));
  }

  private long entry(int level) {
    long entry =
        switch (random.nextInt(10)) {
          case 0 -> random.nextLong();
          case 1 -> random.nextInt(4) == 0 ? -1 : format.empty(level);
          case 2 -> random.nextBoolean() ? 0 : leaf(level);
          case 3, 4, 5 -> leaf(level);
          default -> level > 1 ? tableEntry(level) : leaf(level);
        };
    if (random.nextInt(4) == 0) {
      entry ^= 1L << random.nextInt(64);
    }
    return entry;
  }

  private long tableEntry(int level) {
    long pa = random.nextInt(20) == 0 ? (random.nextLong() & 0x3fff0000L) : table(level - 1);
    long entry = format.table(level, pa);
    for (int i = random.nextInt(3); i > 0; i--) {
      entry ^= format.level(level).table().used() & 1L << random.nextInt(64);
    }
    return entry;
  }

  /** Mostly one that the machine can have. */
  private long address() {
    int bits = random.nextInt(20) == 0 ? 48 : Math.min(44, format.physicalBits());
    return random.nextLong() & ((1L << bits) - 1);
  }

  private long leaf(int level) {
    PteLevel bits = format.level(level);
    long address = address() & -(1L << bits.shift());
    long entry =
        bits.presentValue()
            | bits.leafPresent()
            | bits.leafFixedValue()
            | (address >>> format.addressShift() & bits.leafAddress());
    if (level > 1 && bits.isTable(entry)) {
      entry |= bits.tableMask() & ~bits.tableValue() & (level == 1 ? 0 : random.nextLong() | 2);
    }
    long mostly = random.nextLong();
    long flags = bits.leaf().used() & ~(mostly & random.nextLong());
    entry = (entry & ~bits.leaf().used()) | flags | bits.presentValue();
    if (random.nextInt(3) == 0) {
      entry |= (long) random.nextInt(8) << 60 | (long) random.nextInt(8) << 2;
    }
    if (random.nextInt(4) == 0 && bits.runMark() != 0) {
      entry = (entry & ~bits.runFixed()) | bits.runMark() | bits.runFixedValue();
    }
    return entry;
  }

  /** An address whose indexes have entries; sometimes one that is out of range. */
  long va(PagingRegisters registers) {
    long va = random.nextLong() & format.pageBytes() - 1;
    for (int level = 1; level <= format.topLevel(); level++) {
      va |= (long) usedIndex(level) << format.level(level).shift();
    }
    boolean isSecond = format.roots().hasSecond() && random.nextBoolean();
    int size = isSecond ? registers.inputBits1() : registers.inputBits();
    va &= size == 64 ? -1 : (1L << size) - 1;
    if (format.has(PteFormat.Feature.SIGN_EXTENDED)) {
      va = va << (64 - size) >> (64 - size);
    } else if (isSecond) {
      va |= format.roots() == PteFormat.Roots.QUADRANTS ? 3L << 62 : -(1L << size);
    }
    return random.nextInt(30) == 0 ? va ^ 1L << random.nextInt(64) : va;
  }

  /** Sets every register that the architecture has to something random. */
  void randomize(PagingRegisters registers) {
    for (Control control : Control.values()) {
      if (control.architecture() == format.architecture()) {
        boolean isRare = control == Control.EPD0 || control == Control.EPD1;
        registers.set(control, random.nextInt(isRare ? 20 : 2) == 0);
      }
    }
    if (format.architecture() == Architecture.ARM64) {
      registers.setInputSizes(16 + random.nextInt(24), random.nextBoolean() ? 16 : 25);
      registers.setPir(random.nextLong(), random.nextLong());
    } else if (format.architecture() == Architecture.S390) {
      registers.setAddressBits(new int[] {31, 42, 53, 64}[random.nextInt(4)]);
    }
    registers.setPkru(random.nextInt());
    registers.setPkrs(random.nextInt());
    registers.setPorUser(random.nextLong());
    registers.setPorKernel(random.nextLong());
  }
}
