package org.pagewright.hardware.tlb;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.Rights;
import org.pagewright.hardware.paging.Translation;

/** The TLBs of one CPU: first level for data and for instructions, and a second level. */
public final class Tlb implements TlbView {
  /*
   * Entries of all arrays lie in common parallel arrays. A tag is the page's first address with the
   * logarithm of its size in the low six bits, so that (tag ^ va) >>> tag is zero exactly when the
   * page holds va: Java shifts by the low six bits. An empty slot has an ASID that nobody has.
   *
   * Replacement: within a set, the entry that was filled longest ago; a slot that is emptied is the
   * next to be filled. One position per set is all the state that this takes.
   *
   * Hints: a table from low page-number bits to the first-level slot that was used last for them.
   * A hint is verified against the slot, so it never needs to be kept up to date, and it decides
   * only how fast an entry is found, with one exception that the architectures allow: where two
   * entries translate an address, it decides which.
   */

  /** Answer of a lookup that found nothing; no translation or fault has this value. */
  public static final long MISS = 0;

  /** In the place of an address-space number: matches any. */
  public static final int GLOBAL = -1;

  private static final int EMPTY = -2;
  private static final int HINT_BITS = 9;
  private static final int HINT_MASK = (1 << HINT_BITS) - 1;
  private static final int HINT_SHIFT = 12;

  private final TlbGeometry geometry;
  private final PteFormat format;
  private final StructureCache structures;
  private final TlbArray[] arrays;

  /** Arrays that serve data, and those that serve instructions; level 1 first. */
  private final TlbArray[][] serving = new TlbArray[2][];

  /** By {@link #bestIndex}. */
  private final @Nullable TlbArray[] best = new TlbArray[4 << 6];

  private final long[] tags;
  private final int[] asids;
  private final long[] translations;

  /** Logarithm of the size of the page that an entry was made from. */
  private final byte[] sourceShifts;

  /** Slots by role and low page-number bits. */
  private final int[] hints = new int[2 << HINT_BITS];

  /** How many entries are parts of larger pages. */
  private int parts;

  private long secondLevelHits;

  /** Empty TLBs of a core for tables of a format. */
  public Tlb(TlbGeometry geometry, PteFormat format) {
    this.geometry = geometry;
    this.format = format;
    this.structures = new StructureCache(geometry.structures(), format);
    int slots = geometry.entries();
    List<TlbGeometry.Array> described = geometry.arrays();
    arrays = new TlbArray[described.size()];
    int first = 0;
    for (int i = 0; i < arrays.length; i++) {
      arrays[i] = new TlbArray(described.get(i), first);
      first += described.get(i).entries();
    }
    serving[0] = serving(TlbGeometry.Role.DATA);
    serving[1] = serving(TlbGeometry.Role.INSTRUCTION);
    findBest();
    tags = new long[slots];
    asids = new int[slots];
    translations = new long[slots];
    sourceShifts = new byte[slots];
    Arrays.fill(asids, EMPTY);
    for (int role = 0; role < serving.length; role++) {
      if (serving[role].length == 0) {
        throw new IllegalArgumentException("TLB " + geometry + " lacks data or instructions");
      }
      // A hint must never lead to an array that does not serve the role.
      int from = role << HINT_BITS;
      Arrays.fill(hints, from, from + HINT_MASK + 1, serving[role][0].first);
    }
  }

  private TlbArray[] serving(TlbGeometry.Role role) {
    return Arrays.stream(arrays)
        .filter(a -> a.role == role || a.role == TlbGeometry.Role.UNIFIED)
        .toArray(TlbArray[]::new);
  }

  public TlbGeometry geometry() {
    return geometry;
  }

  /** The paging-structure caches. */
  public StructureCache structures() {
    return structures;
  }

  // ---- lookup ----

  /**
   * What is remembered for {@code va}: a translation, a fault word where invalid entries are
   * remembered, or {@link #MISS}.
   *
   * @param role 0 for data, 1 for instructions
   */
  public long lookup(long va, int asid, int role) {
    int slot = hints[hintIndex(va, role)];
    long tag = tags[slot];
    int slotAsid = asids[slot];
    if ((tag ^ va) >>> tag == 0 && (slotAsid == asid || slotAsid == GLOBAL)) {
      return translations[slot];
    }
    return lookupUnhinted(va, asid, role);
  }

  private long lookupUnhinted(long va, int asid, int role) {
    for (TlbArray array : serving[role]) {
      int slot = find(array, va, asid);
      if (slot >= 0) {
        long translation = translations[slot];
        if (array.level == 1) {
          hint(role, va, slot);
        } else {
          secondLevelHits++;
          long source = source(sourceShifts[slot], asids[slot]);
          fillLevel(/* level= */ 1, va, source, translation, role);
        }
        return translation;
      }
    }
    return MISS;
  }

  /** What {@link #lookup} would answer; nothing moves to a nearer level. */
  public long peek(long va, int asid, int role) {
    for (TlbArray array : serving[role]) {
      int slot = find(array, va, asid);
      if (slot >= 0) {
        return translations[slot];
      }
    }
    return MISS;
  }

  private static int hintIndex(long va, int role) {
    return role << HINT_BITS | ((int) (va >>> HINT_SHIFT) & HINT_MASK);
  }

  private void hint(int role, long va, int slot) {
    hints[hintIndex(va, role)] = slot;
  }

  /** The slot of an array that translates {@code va}, or -1. */
  private int find(TlbArray array, long va, int asid) {
    for (long rest = array.shiftsPresent; rest != 0; rest &= rest - 1) {
      int shift = Long.numberOfTrailingZeros(rest);
      int slot = array.firstOfSet(va, shift);
      for (int end = slot + array.ways; slot < end; slot++) {
        long tag = tags[slot];
        if ((tag ^ va) >>> tag == 0 && (asids[slot] == asid || asids[slot] == GLOBAL)) {
          return slot;
        }
      }
    }
    return -1;
  }

  // ---- fill ----

  /**
   * Remembers a translation, tagged global if its rights say so. A lookup must just have missed.
   *
   * @param role 0 for data, 1 for instructions
   */
  public void fill(long va, int asid, long translation, int role) {
    assert !Translation.isFault(translation) : Translation.describe(translation);
    fill(va, tagAsid(asid, translation), translation, Translation.pageShift(translation), role);
  }

  /** Remembers only the smallest part of a larger page, as processors may. */
  public void fillPart(long va, int asid, long translation, int role) {
    long part = Translation.fraction(translation, va, format.pageShift());
    fill(va, tagAsid(asid, translation), part, Translation.pageShift(translation), role);
  }

  private static int tagAsid(int asid, long translation) {
    return (Translation.rights(translation) & Rights.GLOBAL) != 0 ? GLOBAL : asid;
  }

  /** Remembers that the smallest page of {@code va} has this fault. */
  public void fillInvalid(long va, int asid, long fault, int role) {
    assert Translation.isFault(fault);
    fill(va, asid, fault, format.pageShift(), role);
  }

  private void fill(long va, int tagAsid, long translation, int sourceShift, int role) {
    long source = source(sourceShift, tagAsid);
    fillLevel(/* level= */ 1, va, source, translation, role);
    fillLevel(/* level= */ 2, va, source, translation, role);
  }

  private static long source(int pageShift, int asid) {
    return (long) pageShift << 32 | (asid & 0xffffffffL);
  }

  /**
   * Fills the array of a level that holds the page best, if one does. The page is not in it.
   *
   * @param source shift of the page in the tables, and the ASID or {@link #GLOBAL} in the low half
   */
  private void fillLevel(int level, long va, long source, long translation, int role) {
    int pageShift = translation < 0 ? (int) (source >>> 32) : Translation.pageShift(translation);
    TlbArray array = best[bestIndex(level, role, pageShift)];
    if (array == null) {
      return;
    }
    int shift = array.heldShift(pageShift);
    int slot = array.nextVictim(va, shift);
    if (asids[slot] != EMPTY) {
      discard(array, slot);
    }
    int sourceShift = (int) (source >>> 32);
    tags[slot] = (va & (-1L << shift)) | shift;
    asids[slot] = (int) source;
    translations[slot] = part(translation, va, shift);
    sourceShifts[slot] = (byte) sourceShift;
    parts += sourceShift > shift ? 1 : 0;
    array.added(shift);
    if (level == 1) {
      hint(role, va, slot);
    }
  }

  private static int bestIndex(int level, int role, int pageShift) {
    return (level - 1) << 7 | role << 6 | pageShift;
  }

  /** The array that holds the largest part of a page, for each level, role and size of page. */
  private void findBest() {
    for (int role = 0; role < serving.length; role++) {
      for (TlbArray array : serving[role]) {
        considerForAllSizes(array, role);
      }
    }
  }

  private void considerForAllSizes(TlbArray array, int role) {
    for (int shift = 0; shift < Long.SIZE; shift++) {
      int index = bestIndex(array.level, role, shift);
      TlbArray other = best[index];
      int otherShift = other == null ? 0 : other.heldShift(shift);
      if (array.heldShift(shift) > otherShift) {
        best[index] = array;
      }
    }
  }

  private static long part(long translation, long va, int shift) {
    boolean isWhole = translation < 0 || Translation.pageShift(translation) == shift;
    return isWhole ? translation : Translation.fraction(translation, va, shift);
  }

  private void remove(TlbArray array, int slot) {
    discard(array, slot);
    array.nextVictimIs(slot);
  }

  private void discard(TlbArray array, int slot) {
    int shift = (int) tags[slot] & 63;
    asids[slot] = EMPTY;
    parts -= sourceShifts[slot] > shift ? 1 : 0;
    array.removed(shift);
  }

  // ---- invalidation ----

  /**
   * Drops entries, and returns how many TLB entries that were.
   *
   * <p>An entry that is part of a larger page goes with any other part of that page: processors
   * must hide that they split it.
   *
   * @param from first address of the range, ignored with {@link TlbScope#EVERYWHERE}
   * @param to end of the range
   * @param asid address-space number, where the scope looks at it
   * @param scope bits of {@link TlbScope}
   */
  public int invalidate(long from, long to, int asid, int scope) {
    structures.invalidate(from, to, asid, scope);
    boolean isOnePage = to - from == format.pageBytes() && (scope & TlbScope.EVERYWHERE) == 0;
    int dropped = 0;
    for (TlbArray array : arrays) {
      if (array.count > 0) {
        dropped +=
            isOnePage && parts == 0
                ? dropPage(array, from, asid, scope)
                : dropScanning(array, from, to, asid, scope);
      }
    }
    return dropped;
  }

  private int dropPage(TlbArray array, long va, int asid, int scope) {
    int dropped = 0;
    for (long rest = array.shiftsPresent; rest != 0; rest &= rest - 1) {
      int first = array.firstOfSet(va, Long.numberOfTrailingZeros(rest));
      for (int slot = first; slot < first + array.ways; slot++) {
        if (asids[slot] != EMPTY
            && (tags[slot] ^ va) >>> tags[slot] == 0
            && isCovered(slot, asid, scope)) {
          remove(array, slot);
          dropped++;
        }
      }
    }
    return dropped;
  }

  private int dropScanning(TlbArray array, long from, long to, int asid, int scope) {
    int dropped = 0;
    for (int slot = array.first; slot < array.first + array.entries; slot++) {
      if (asids[slot] != EMPTY
          && isCovered(slot, asid, scope)
          && ((scope & TlbScope.EVERYWHERE) != 0 || overlaps(slot, from, to))) {
        remove(array, slot);
        dropped++;
      }
    }
    return dropped;
  }

  private boolean overlaps(int slot, long from, long to) {
    long pageBytes = 1L << sourceShifts[slot];
    long page = tags[slot] & -pageBytes;
    // Differences, so that the range may end at the top of the address space.
    return page - from >= 0 ? page - to < 0 : from - page < pageBytes;
  }

  private boolean isCovered(int slot, int asid, int scope) {
    return TlbScope.covers(scope, asids[slot], asid)
        && ((scope & TlbScope.ONE_LEVEL) == 0
            || StructureCache.leafLevel(format, sourceShifts[slot]) == TlbScope.level(scope));
  }

  /** Drops one valid entry by its number among the valid ones, as an eviction. */
  public void evict(int number) {
    int left = number;
    for (TlbArray array : arrays) {
      if (left >= array.count) {
        left -= array.count;
        continue;
      }
      for (int slot = array.first; slot < array.first + array.entries; slot++) {
        if (asids[slot] != EMPTY && left-- == 0) {
          remove(array, slot);
          return;
        }
      }
    }
    throw new IllegalArgumentException("no entry " + number + " of " + entryCount());
  }

  // ---- what others see ----

  @Override
  public int entryCount() {
    int sum = 0;
    for (TlbArray array : arrays) {
      sum += array.count;
    }
    return sum;
  }

  /** Whether it holds neither translations nor tables, so that nothing can be invalidated. */
  public boolean isEmpty() {
    return entryCount() == 0 && structures.isEmpty();
  }

  /** First-level misses that the second level answered, since the machine was made. */
  public long secondLevelHits() {
    return secondLevelHits;
  }

  @Override
  public void forEachEntry(EntryReader reader) {
    for (TlbArray array : arrays) {
      for (int slot = array.first; slot < array.first + array.entries; slot++) {
        if (asids[slot] != EMPTY) {
          int shift = (int) tags[slot] & 63;
          long va = tags[slot] & (-1L << shift);
          reader.entry(array.name, va, asids[slot], shift, translations[slot]);
        }
      }
    }
  }

  @Override
  public void forEachStructure(StructureReader reader) {
    structures.forEach(reader);
  }
}
