package org.pagewright.hardware.tlb;

/**
 * Where one array's entries lie in the common storage of a {@link Tlb}, and which sizes it holds.
 */
final class TlbArray {
  final String name;
  final TlbGeometry.Role role;
  final int level;

  /** First slot. */
  final int first;

  final int entries;
  final int ways;
  private final int setMask;

  /** Page sizes that the array can hold, as bits by logarithm; -1 for any. */
  private final long shiftsHeld;

  /** Page sizes of which there are entries, as bits by logarithm. */
  long shiftsPresent;

  /** How many entries there are. */
  int count;

  private final int[] countByShift = new int[Long.SIZE];

  /** By set, the way that is filled next. */
  private final byte[] nextWays;

  TlbArray(TlbGeometry.Array geometry, int first) {
    this.name = geometry.name();
    this.role = geometry.role();
    this.level = geometry.level();
    this.first = first;
    this.entries = geometry.entries();
    this.ways = geometry.ways();
    this.setMask = geometry.sets() - 1;
    this.nextWays = new byte[geometry.sets()];
    long held = 0;
    for (int shift : geometry.pageShifts()) {
      held |= 1L << shift;
    }
    this.shiftsHeld = geometry.pageShifts().isEmpty() ? -1 : held;
  }

  /** The largest size up to the page's that the array can hold, as a logarithm; 0 for none. */
  int heldShift(int pageShift) {
    long fitting = shiftsHeld & ((2L << pageShift) - 1);
    return fitting == 0 ? 0 : 63 - Long.numberOfLeadingZeros(fitting);
  }

  /** First slot of the set for an address in a page of that size. */
  int firstOfSet(long va, int shift) {
    return first + ((int) (va >>> shift) & setMask) * ways;
  }

  /** The slot for a new entry, whose turn passes to the next one. */
  int nextVictim(long va, int shift) {
    int set = (int) (va >>> shift) & setMask;
    int way = nextWays[set];
    nextWays[set] = (byte) (way + 1 == ways ? 0 : way + 1);
    return first + set * ways + way;
  }

  /** Makes a slot the next one to be filled in its set. */
  void nextVictimIs(int slot) {
    int set = (slot - first) / ways;
    nextWays[set] = (byte) (slot - first - set * ways);
  }

  void added(int shift) {
    count++;
    if (countByShift[shift]++ == 0) {
      shiftsPresent |= 1L << shift;
    }
  }

  void removed(int shift) {
    count--;
    if (--countByShift[shift] == 0) {
      shiftsPresent &= ~(1L << shift);
    }
  }
}
