package org.pagewright.hardware.tlb;

/**
 * What one access through the MMU would read and change as things stand: entries, memory, and what
 * its CPU remembers. One is used over and over.
 */
public final class AccessUse {
  /** In the place of an address. */
  public static final long NOWHERE = -1;

  private static final int ENTRIES_MAX = 16;

  private final long[] entries = new long[ENTRIES_MAX];
  private final boolean[] marks = new boolean[ENTRIES_MAX];
  private int count;
  private long pa;
  private boolean isWrite;
  private boolean usesTlb;

  /** Of no access yet. */
  public AccessUse() {
    clear();
  }

  /** Of an access of which nothing is known yet. */
  public void clear() {
    count = 0;
    pa = NOWHERE;
    isWrite = false;
    usesTlb = false;
  }

  /** The walk reads an entry, and may set a bit in it. */
  public void addEntry(long entryPa, boolean isMarked) {
    for (int i = 0; i < count; i++) {
      if (entries[i] == entryPa) {
        marks[i] |= isMarked;
        return;
      }
    }
    entries[count] = entryPa;
    marks[count++] = isMarked;
  }

  /** The access gets to memory. */
  public void reach(long reachedPa, boolean writes) {
    pa = reachedPa;
    isWrite = writes;
  }

  /** What is remembered matters to it, or is changed by it. */
  public void useTlb() {
    usesTlb = true;
  }

  /** How many entries the walk reads; none for an access that the TLB answers. */
  public int entries() {
    return count;
  }

  /** Where the entry is. */
  public long entryPa(int index) {
    return entries[index];
  }

  /** Whether the access sets the entry's accessed or dirty bit. */
  public boolean isMarked(int index) {
    return marks[index];
  }

  /** The memory that it gets to, or {@link #NOWHERE}. */
  public long pa() {
    return pa;
  }

  /** Whether it writes there. */
  public boolean isWrite() {
    return isWrite;
  }

  /** Whether what its CPU remembers matters to it, or is changed by it. */
  public boolean usesTlb() {
    return usesTlb;
  }

  /** Whether it reads the entry. */
  public boolean reads(long entryPa) {
    return find(entryPa) >= 0;
  }

  /** Whether it reads the entry and sets a bit in it. */
  public boolean marks(long entryPa) {
    int index = find(entryPa);
    return index >= 0 && marks[index];
  }

  /** Whether it reads an entry in the frame, or gets to the frame. */
  public boolean isIn(long pfn, int pageShift) {
    for (int i = 0; i < count; i++) {
      if (entries[i] >>> pageShift == pfn) {
        return true;
      }
    }
    return pa != NOWHERE && pa >>> pageShift == pfn;
  }

  /** Whether one of two accesses changes what the other reads. */
  public boolean meets(AccessUse other) {
    return (pa != NOWHERE && pa == other.pa && (isWrite || other.isWrite))
        || marksWhatIsReadBy(other)
        || other.marksWhatIsReadBy(this);
  }

  private boolean marksWhatIsReadBy(AccessUse other) {
    for (int i = 0; i < count; i++) {
      if (marks[i] && other.reads(entries[i])) {
        return true;
      }
    }
    return false;
  }

  private int find(long entryPa) {
    for (int i = 0; i < count; i++) {
      if (entries[i] == entryPa) {
        return i;
      }
    }
    return -1;
  }
}
