package org.pagewright.kernel.secret;

import java.util.Arrays;
import org.pagewright.kernel.arch.Errno;

/**
 * The pages of one file, by page index. Models {@code struct address_space}
 * (include/linux/pagemap.h) for files that live in memory only.
 *
 * <p>What is left out: the shape of the XArray, dirty and writeback tags, reclaim: pages of these
 * files are unevictable. A folio of order n occupies 2^n aligned indexes.
 */
public final class FileMapping {
  /** No page stands at an index. */
  public static final long NONE = -1;

  /** {@code AS_UNEVICTABLE}. */
  public static final int UNEVICTABLE = 1;

  /** {@code AS_NO_DIRECT_MAP}: pages are absent from the direct map (v3 and v4). */
  public static final int NO_DIRECT_MAP = 1 << 1;

  /** {@code AS_MERMAP_STALE}: some CPU may hold a mermap translation to a page of the file. */
  public static final int MERMAP_STALE = 1 << 2;

  /** Folio flag: contents are valid ({@code PG_uptodate}). */
  static final byte UPTODATE = 1;

  /** Folio flag: guest_memfd removed the folio from the direct map ({@code folio->private}). */
  static final byte REMOVED = 2;

  /** Folio flag: the folio is on the LRU list, not in a batch any more ({@code PG_lru}). */
  public static final byte LRU = 4;

  private static final int INDEXES_MIN = 64;

  private int flags;
  private long[] pfnPlusOne = new long[INDEXES_MIN];
  private byte[] folioFlags = new byte[INDEXES_MIN];
  private byte[] folioOrder = new byte[INDEXES_MIN];
  private long pages;

  FileMapping(int flags) {
    this.flags = flags;
  }

  /** Whether every flag of {@code mask} is set. */
  public boolean has(int mask) {
    return (flags & mask) == mask;
  }

  void set(int mask) {
    flags |= mask;
  }

  /** Clears the flags of {@code mask}; returns whether one of them was set. */
  boolean testAndClear(int mask) {
    boolean wasSet = (flags & mask) != 0;
    flags &= ~mask;
    return wasSet;
  }

  /** Base pages in the file. */
  public long pages() {
    return pages;
  }

  /** One more than the highest index that can hold a page without growing. */
  public long indexes() {
    return pfnPlusOne.length;
  }

  /** Frame of the base page at {@code index}, or {@link #NONE}. */
  public long pfn(long index) {
    return index < pfnPlusOne.length ? pfnPlusOne[(int) index] - 1 : NONE;
  }

  /** Order of the folio at {@code index}. */
  int order(long index) {
    assert pfn(index) != NONE : index;
    return folioOrder[(int) index];
  }

  boolean is(long index, byte folioFlag) {
    return (folioFlags[(int) index] & folioFlag) != 0;
  }

  void mark(long index, byte folioFlag) {
    folioFlags[head(index)] |= folioFlag;
  }

  void unmark(long index, byte folioFlag) {
    folioFlags[head(index)] &= (byte) ~folioFlag;
  }

  /** Whether the folio at {@code index} has a folio flag. */
  public boolean folioIs(long index, byte folioFlag) {
    return (folioFlags[head(index)] & folioFlag) != 0;
  }

  /** First index of the folio at {@code index}. */
  int head(long index) {
    return (int) index & -(1 << folioOrder[(int) index]);
  }

  /**
   * Puts a folio at an aligned index. Models {@code __filemap_add_folio()}.
   *
   * @return 0, or {@code -EEXIST} when a page stands there
   */
  int insert(long index, long pfn, int order) {
    int count = 1 << order;
    assert (index & (count - 1)) == 0 : index + " order " + order;
    if (index + count > pfnPlusOne.length) {
      grow(index + count);
    }
    int first = (int) index;
    for (int i = first; i < first + count; i++) {
      if (pfnPlusOne[i] != 0) {
        return -Errno.EEXIST;
      }
    }
    for (int i = 0; i < count; i++) {
      pfnPlusOne[first + i] = pfn + i + 1;
      folioOrder[first + i] = (byte) order;
    }
    folioFlags[first] = 0;
    pages += count;
    return 0;
  }

  /** Takes the folio at {@code index} out. Models {@code page_cache_delete()}. */
  void remove(long index) {
    int first = head(index);
    int count = 1 << folioOrder[first];
    Arrays.fill(pfnPlusOne, first, first + count, 0);
    pages -= count;
  }

  private void grow(long indexes) {
    if (indexes > Integer.MAX_VALUE / 2) {
      throw new IllegalArgumentException("file of " + indexes + " pages is too large");
    }
    int length = Integer.highestOneBit((int) indexes - 1) << 1;
    pfnPlusOne = Arrays.copyOf(pfnPlusOne, length);
    folioFlags = Arrays.copyOf(folioFlags, length);
    folioOrder = Arrays.copyOf(folioOrder, length);
  }
}
