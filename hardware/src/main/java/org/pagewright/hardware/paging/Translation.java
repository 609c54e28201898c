package org.pagewright.hardware.paging;

/**
 * The answer of a walk or of a TLB, packed in a {@code long}: a translation, or, when negative, a
 * fault.
 *
 * <pre>
 * translation  0 | memory type 60..58 | pkey 57..54 | rights 52..41 | frame and size 40..0
 * fault        1 | kind 62..58 | level 57..54 | access 53..50 | error code 31..0
 * </pre>
 *
 * <p>Frame and size share a field, as RISC-V's Svnapot does: the address in units of 2 KiB with the
 * bit below the page's lowest address bit set. A 4 KiB page sets bit 0, a 2 MiB page bit 9.
 */
public final class Translation {
  /** Bits of a physical address that fit. */
  public static final int PHYSICAL_BITS = 52;

  static final int RIGHTS_SHIFT = 41;
  static final int PKEY_SHIFT = 54;
  static final int MEMORY_TYPE_SHIFT = 58;

  /** Unit of the frame field: half the smallest page, because its lowest bit gives the size. */
  static final int UNIT_SHIFT = 11;

  private static final int SMALLEST_SHIFT = 12;
  private static final long FRAME_MASK = (1L << RIGHTS_SHIFT) - 1;

  private static final int KIND_SHIFT = 58;
  private static final int LEVEL_SHIFT = 54;
  private static final int ACCESS_SHIFT = 50;

  private Translation() {}

  /**
   * A translation to the page of {@code 1 << pageShift} bytes at {@code pagePa}.
   *
   * @param pagePa address of the page's first byte, aligned to the page's size
   */
  public static long of(long pagePa, int pageShift, int rights, int pkey, int memoryType) {
    assert (pagePa & (1L << pageShift) - 1) == 0 : Long.toHexString(pagePa) + " shift " + pageShift;
    return pagePa >>> UNIT_SHIFT
        | sizeMark(pageShift)
        | (long) rights << RIGHTS_SHIFT
        | (long) pkey << PKEY_SHIFT
        | (long) memoryType << MEMORY_TYPE_SHIFT;
  }

  /** True when the word is a fault: a sign test. */
  public static boolean isFault(long translation) {
    return translation < 0;
  }

  /** The physical address that {@code va} translates to. */
  public static long pa(long translation, long va) {
    long offsetMask = (Long.lowestOneBit(translation) << SMALLEST_SHIFT) - 1;
    return pagePa(translation) | (va & offsetMask);
  }

  /** The address of the page's first byte. */
  public static long pagePa(long translation) {
    return (translation & translation - 1 & FRAME_MASK) << UNIT_SHIFT;
  }

  /** Logarithm of the page's size in bytes: 12 for 4 KiB, 21 for 2 MiB. */
  public static int pageShift(long translation) {
    return Long.numberOfTrailingZeros(translation) + SMALLEST_SHIFT;
  }

  /** The bits of {@link Rights}. */
  public static int rights(long translation) {
    return (int) (translation >>> RIGHTS_SHIFT) & Rights.ALL;
  }

  /** The protection key or overlay index of the leaf. */
  public static int pkey(long translation) {
    return (int) (translation >>> PKEY_SHIFT) & 15;
  }

  /** The memory type as the architecture encodes it: x86 PAT index, arm64 AttrIndx, PBMT. */
  public static int memoryType(long translation) {
    return (int) (translation >>> MEMORY_TYPE_SHIFT) & 7;
  }

  /**
   * Whether a walk of the tables allows what is held for {@code va}: it leads to the same memory,
   * with no less of {@code rights}.
   */
  public static boolean allows(long walked, long held, long va, int rights) {
    return !isFault(walked)
        && pa(walked, va) == pa(held, va)
        && (rights(held) & ~rights(walked) & rights) == 0;
  }

  /** The same translation with exactly these rights. */
  public static long withRights(long translation, int rights) {
    return (translation & ~((long) Rights.ALL << RIGHTS_SHIFT)) | (long) rights << RIGHTS_SHIFT;
  }

  /** The same translation to another page. */
  static long withPage(long translation, long pagePa, int pageShift) {
    return (translation & ~FRAME_MASK) | (pagePa >>> UNIT_SHIFT) | sizeMark(pageShift);
  }

  /** The same translation for the part of {@code 1 << pageShift} bytes that holds {@code va}. */
  public static long fraction(long translation, long va, int pageShift) {
    assert pageShift <= pageShift(translation) : pageShift + " of " + describe(translation);
    long pagePa = pa(translation, va) & -(1L << pageShift);
    return (translation & ~FRAME_MASK) | pagePa >>> UNIT_SHIFT | sizeMark(pageShift);
  }

  /** The frame field of a page, without the bit that says how large it is. */
  static long frame(long pagePa) {
    return pagePa >>> UNIT_SHIFT;
  }

  /** The bit of the frame field that says how large the page is. */
  static long sizeMark(int pageShift) {
    return 1L << (pageShift - SMALLEST_SHIFT);
  }

  // ---- faults ----

  @SuppressWarnings("EnumOrdinal") // packed and unpacked here, never stored
  static long fault(FaultKind kind, int level) {
    return Long.MIN_VALUE | (long) kind.ordinal() << KIND_SHIFT | (long) level << LEVEL_SHIFT;
  }

  static long fault(FaultKind kind, int level, int access, int errorCode) {
    return fault(kind, level) | (long) access << ACCESS_SHIFT | (errorCode & 0xffffffffL);
  }

  public static FaultKind faultKind(long translation) {
    return FaultKind.of((int) (translation >>> KIND_SHIFT) & 31);
  }

  /** Level of the entry that faulted, from the leaf (1 = PTE); 0 when none was involved. */
  public static int faultLevel(long translation) {
    return (int) (translation >>> LEVEL_SHIFT) & 15;
  }

  /** The access that faulted; 0 in the answer of {@link Walker#walk}, which knows none. */
  public static int faultAccess(long translation) {
    return (int) (translation >>> ACCESS_SHIFT) & 15;
  }

  /** The architecture's error code ({@link FaultCodes}); 0 in the answer of a walk. */
  public static int errorCode(long translation) {
    return (int) translation;
  }

  /** For messages. */
  public static String describe(long translation) {
    if (isFault(translation)) {
      return faultKind(translation)
          + " at level "
          + faultLevel(translation)
          + " code 0x"
          + Integer.toHexString(errorCode(translation));
    }
    int rights = rights(translation);
    return "0x"
        + Long.toHexString(pagePa(translation))
        + " shift "
        + pageShift(translation)
        + " k="
        + Rights.kernelLetters(rights)
        + " u="
        + Rights.userLetters(rights)
        + " rights 0x"
        + Integer.toHexString(rights)
        + " pkey "
        + pkey(translation)
        + " type "
        + memoryType(translation);
  }
}
