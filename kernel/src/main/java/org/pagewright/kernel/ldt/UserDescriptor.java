package org.pagewright.kernel.ldt;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a caller wants an entry to be. Models {@code struct user_desc} and {@code fill_ldt()}
 * (arch/x86/include/uapi/asm/ldt.h, asm/desc.h, Linux 7.0).
 *
 * @param entryNumber index of the entry, unsigned
 * @param base first address of the segment
 * @param limit last offset, in bytes or pages; 20 bits of it count
 * @param flags bits below
 */
public record UserDescriptor(int entryNumber, int base, int limit, int flags) {
  /** Bytes of the structure. */
  public static final int BYTES = 16;

  public static final int SEG_32BIT = 1;

  /** Two bits from here: data, stack, code, conforming code. */
  public static final int CONTENTS_SHIFT = 1;

  public static final int READ_EXEC_ONLY = 1 << 3;
  public static final int LIMIT_IN_PAGES = 1 << 4;
  public static final int SEG_NOT_PRESENT = 1 << 5;
  public static final int USEABLE = 1 << 6;

  /** {@code lm}: 64-bit callers only; never reaches the descriptor. */
  public static final int LONG_MODE = 1 << 7;

  private static final int CONTENTS_CONFORMING = 3;
  private static final int KNOWN_FLAGS = 0xff;
  private static final int DPL_USER = 3;

  /** Reads the structure from a caller's bytes. */
  public static UserDescriptor of(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new UserDescriptor(
        buffer.getInt(), buffer.getInt(), buffer.getInt(), buffer.getInt() & KNOWN_FLAGS);
  }

  /** The structure as a caller writes it. */
  public byte[] bytes() {
    ByteBuffer buffer = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return buffer.putInt(entryNumber).putInt(base).putInt(limit).putInt(flags).array();
  }

  public boolean has(int flag) {
    return (flags & flag) != 0;
  }

  int contents() {
    return flags >>> CONTENTS_SHIFT & 3;
  }

  boolean isConforming() {
    return contents() == CONTENTS_CONFORMING;
  }

  /** Whether it asks to clear the entry. Models {@code LDT_empty()} and the old mode's rule. */
  boolean clears(boolean oldMode) {
    return base == 0 && limit == 0 && (oldMode || flags == (READ_EXEC_ONLY | SEG_NOT_PRESENT));
  }

  /** The entry that the hardware reads: a code or data segment of user mode. */
  long descriptor(boolean oldMode) {
    long type = 1 | (has(READ_EXEC_ONLY) ? 0 : 2) | contents() << 2;
    long word = (limit & 0xffffL) | (base & 0xff_ffffL) << 16 | type << 40 | 1L << 44;
    word |= (long) DPL_USER << 45;
    word |= has(SEG_NOT_PRESENT) ? 0 : 1L << 47;
    word |= (limit >>> 16 & 0xfL) << 48;
    word |= has(USEABLE) && !oldMode ? 1L << 52 : 0;
    word |= has(SEG_32BIT) ? 1L << 54 : 0;
    word |= has(LIMIT_IN_PAGES) ? 1L << 55 : 0;
    return word | (base >>> 24 & 0xffL) << 56;
  }
}
