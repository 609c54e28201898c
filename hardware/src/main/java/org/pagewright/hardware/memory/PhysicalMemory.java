package org.pagewright.hardware.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Simulated RAM: bytes at physical addresses, little-endian, sparse, with holes.
 *
 * <p>An access that is not wholly in RAM reads all ones, writes nothing, and latches a machine
 * check with its address until {@link #takeMachineCheck} takes it. Nothing here throws for a bad
 * address.
 */
public final class PhysicalMemory implements AutoCloseable {
  /*
   * One mapping covers addresses 0 to the end of the highest range, holes included. Reads are on
   * the path of every simulated walk, so they check one bound only. Holes need no check on that
   * path because nobody can write them: they are zero for ever, and only a zero that was read asks
   * whether it came from a hole. Writes ask first.
   *
   * The mapping is reached through a segment of the whole address space instead of one of its own,
   * which saves the second bounds check and the liveness check. Closing sets the bound to zero, so
   * later accesses answer like accesses outside RAM.
   */

  /** No machine check is latched. */
  public static final long NO_MACHINE_CHECK = -1;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  /** Exact: a call with an {@code int} offset fails at once instead of running ten times slower. */
  private static final VarHandle ALIGNED_LONG =
      ValueLayout.JAVA_LONG
          .withOrder(ByteOrder.LITTLE_ENDIAN)
          .varHandle()
          .withInvokeExactBehavior();

  /** Covers every host address and offset: tells the compiler that their sum cannot overflow. */
  private static final long HOST_ADDRESS_MASK = (1L << 48) - 1;

  /** From this size on, zeroing gives memory back to the host instead of writing it. */
  private static final long DISCARD_BYTES = 2L << 20;

  private static final MemorySegment EVERYTHING = HostMapping.EVERYTHING;
  private static final MemorySegment ZERO_PAGE =
      MemorySegment.ofArray(new long[(int) (HostMapping.PAGE_BYTES / Long.BYTES)]).asReadOnly();

  private final MemoryMap map;
  private final HostMapping mapping;

  /** Start and end of each range in turn. */
  private final long[] bounds;

  private final long lastFrom;
  private final boolean hasHoles;
  private long base;

  /** End of RAM less 7: below it a load of 8 bytes stays inside the mapping. */
  private long longLimit;

  private long endBytes;
  private long machineCheckPa = NO_MACHINE_CHECK;
  private long machineChecks;

  /** Reserves address space only; the host provides memory when it is written. */
  public PhysicalMemory(MemoryMap map) {
    this.map = map;
    this.endBytes = map.endBytes();
    this.longLimit = endBytes - (Long.BYTES - 1);
    this.mapping = HostMapping.of(endBytes, "simulated RAM");
    this.base = mapping.address();
    List<MemoryMap.Range> ranges = map.ranges();
    this.bounds = new long[2 * ranges.size()];
    for (int i = 0; i < ranges.size(); i++) {
      bounds[2 * i] = ranges.get(i).from();
      bounds[2 * i + 1] = ranges.get(i).to();
    }
    this.lastFrom = ranges.getLast().from();
    this.hasHoles = map.ramBytes() != endBytes;
  }

  public MemoryMap map() {
    return map;
  }

  /** Reads 8 bytes. */
  public long read(long pa) {
    if (Long.compareUnsigned(pa, longLimit) < 0) {
      long value = EVERYTHING.get(LONG, base + pa);
      if (value != 0 || !hasHoles) {
        return value;
      }
    }
    return readUnusual(pa);
  }

  /**
   * Reads 8 bytes as a table walker does: like {@link #read}, but zero outside RAM and without a
   * machine check. A walker looks closer at a zero anyway, with {@link #isRam(long, long)}.
   */
  public long readEntry(long pa) {
    // The compiler knows the range of a checked index, so that the sum needs no check of its own.
    long limit = longLimit & HOST_ADDRESS_MASK;
    return Long.compareUnsigned(pa, limit) < 0
        ? EVERYTHING.get(LONG, (base & HOST_ADDRESS_MASK) + Objects.checkIndex(pa, limit))
        : 0;
  }

  /** Reads 4 bytes. */
  public int readInt(long pa) {
    return isRam(pa, Integer.BYTES) ? EVERYTHING.get(INT, base + pa) : (int) machineCheck(pa);
  }

  /** Reads a byte. */
  public byte readByte(long pa) {
    return isRam(pa) ? EVERYTHING.get(BYTE, base + pa) : (byte) machineCheck(pa);
  }

  /** Writes 8 bytes. */
  public void write(long pa, long value) {
    if (isRam(pa, Long.BYTES)) {
      EVERYTHING.set(LONG, base + pa, value);
    } else {
      machineCheck(pa);
    }
  }

  /** Writes 4 bytes. */
  public void writeInt(long pa, int value) {
    if (isRam(pa, Integer.BYTES)) {
      EVERYTHING.set(INT, base + pa, value);
    } else {
      machineCheck(pa);
    }
  }

  /** Writes a byte. */
  public void writeByte(long pa, byte value) {
    if (isRam(pa)) {
      EVERYTHING.set(BYTE, base + pa, value);
    } else {
      machineCheck(pa);
    }
  }

  /**
   * Replaces the 8 bytes at {@code pa} if they equal {@code expected}; false also outside RAM.
   *
   * @param pa a multiple of 8, as locked updates of entries are
   */
  public boolean compareAndSet(long pa, long expected, long value) {
    if ((pa & 7) != 0) {
      throw new IllegalArgumentException("compareAndSet at unaligned 0x" + Long.toHexString(pa));
    }
    if (!isRam(pa, Long.BYTES)) {
      machineCheck(pa);
      return false;
    }
    return ALIGNED_LONG.compareAndSet(EVERYTHING, base + pa, expected, value);
  }

  /** Copies simulated bytes into {@code to}; all ones when the range is not wholly RAM. */
  public void readBytes(long pa, byte[] to) {
    if (isRam(pa, to.length)) {
      MemorySegment.copy(EVERYTHING, BYTE, base + pa, to, 0, to.length);
    } else {
      machineCheck(pa);
      Arrays.fill(to, (byte) -1);
    }
  }

  /** Copies {@code from} into simulated memory; nothing when the range is not wholly RAM. */
  public void writeBytes(long pa, byte[] from) {
    if (isRam(pa, from.length)) {
      MemorySegment.copy(from, 0, EVERYTHING, BYTE, base + pa, from.length);
    } else {
      machineCheck(pa);
    }
  }

  /**
   * Zeroes a range, which must be wholly RAM. Takes no host memory where the range is zero already,
   * and gives it back where the range is large.
   */
  public void zero(long pa, long bytes) {
    if (!isRam(pa, bytes)) {
      machineCheck(pa);
    } else if (bytes < DISCARD_BYTES) {
      zeroTouched(pa, pa + bytes);
    } else {
      long from = (pa + HostMapping.PAGE_BYTES - 1) & -HostMapping.PAGE_BYTES;
      long to = (pa + bytes) & -HostMapping.PAGE_BYTES;
      zeroTouched(pa, from);
      mapping.discard(from, to - from);
      zeroTouched(to, pa + bytes);
    }
  }

  /** Whether a range holds nothing but zeros; it must be wholly RAM. */
  public boolean isZero(long pa, long bytes) {
    if (!isRam(pa, bytes)) {
      machineCheck(pa);
      return false;
    }
    if (bytes >= DISCARD_BYTES) {
      mapping.willRead(pa, bytes);
    }
    for (long from = pa; from < pa + bytes; from += HostMapping.PAGE_BYTES) {
      if (!isZeroPiece(from, Math.min(HostMapping.PAGE_BYTES, pa + bytes - from))) {
        return false;
      }
    }
    return true;
  }

  /** At most as many bytes as a page of the host has. */
  private boolean isZeroPiece(long pa, long bytes) {
    return MemorySegment.mismatch(EVERYTHING, base + pa, base + pa + bytes, ZERO_PAGE, 0, bytes)
        < 0;
  }

  /** Copies a range onto another, as if through a buffer; both must be wholly RAM. */
  public void copy(long toPa, long fromPa, long bytes) {
    if (!isRam(fromPa, bytes)) {
      machineCheck(fromPa);
    } else if (!isRam(toPa, bytes)) {
      machineCheck(toPa);
    } else {
      MemorySegment.copy(EVERYTHING, base + fromPa, EVERYTHING, base + toPa, bytes);
    }
  }

  /** True when the byte at {@code pa} is RAM. */
  public boolean isRam(long pa) {
    return isRam(pa, 1);
  }

  /** True when all bytes of the range are RAM. */
  public boolean isRam(long pa, long bytes) {
    // Most RAM of most machines is the last range.
    return (pa >= lastFrom && pa <= endBytes - bytes && bytes >= 0) || isLowRam(pa, bytes);
  }

  private boolean isLowRam(long pa, long bytes) {
    if (pa < 0 || bytes < 0 || pa > endBytes - bytes) {
      return false;
    }
    long from = pa;
    for (int i = 0; i < bounds.length && from < pa + bytes; i += 2) {
      if (from >= bounds[i] && from < bounds[i + 1]) {
        from = bounds[i + 1];
      }
    }
    return from >= pa + bytes;
  }

  private long readUnusual(long pa) {
    return isRam(pa, Long.BYTES) ? EVERYTHING.get(LONG, base + pa) : machineCheck(pa);
  }

  /** Latches the address unless an earlier one still waits; returns the all ones of the bus. */
  private long machineCheck(long pa) {
    if (machineCheckPa == NO_MACHINE_CHECK) {
      machineCheckPa = pa;
    }
    machineChecks++;
    return -1;
  }

  /** True when an access outside RAM waits to be taken. */
  public boolean hasMachineCheck() {
    return machineCheckPa != NO_MACHINE_CHECK;
  }

  /** Address of the first access outside RAM since the last call, or {@link #NO_MACHINE_CHECK}. */
  public long takeMachineCheck() {
    long pa = machineCheckPa;
    machineCheckPa = NO_MACHINE_CHECK;
    return pa;
  }

  /** Number of accesses outside RAM so far. */
  public long machineChecks() {
    return machineChecks;
  }

  /** Real memory that the host spends on this RAM. */
  public long residentBytes() {
    return mapping.residentBytes();
  }

  /**
   * Asks the host to back a range with huge pages: random access gets faster, memory is taken in
   * steps of 2 MiB.
   */
  public void preferHugePages(long pa, long bytes) {
    if (isRam(pa, bytes)) {
      mapping.preferHugePages(pa, bytes);
    }
  }

  /** Gives all memory back; later accesses answer like accesses outside RAM. */
  @Override
  public void close() {
    endBytes = 0;
    longLimit = 0;
    mapping.close();
  }

  private void zeroTouched(long pa, long endPa) {
    for (long from = pa; from < endPa; ) {
      long to = Math.min(endPa, (from + HostMapping.PAGE_BYTES) & -HostMapping.PAGE_BYTES);
      if (!isZeroPiece(from, to - from)) {
        EVERYTHING.asSlice(base + from, to - from).fill((byte) 0);
      }
      from = to;
    }
  }
}
