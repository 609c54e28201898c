package org.pagewright.hardware.tlb;

import java.util.List;
import org.pagewright.hardware.paging.Architecture;

/**
 * Which translation caches a core has.
 *
 * @param arrays in the order in which a lookup asks them: all of level 1 before level 2
 * @param structures paging-structure caches, at most one for a level
 * @param traits what the core does that its architecture leaves open
 */
public record TlbGeometry(
    String name,
    Architecture architecture,
    List<Array> arrays,
    List<Structure> structures,
    Traits traits) {

  private static final int MAX_WAYS = 127;

  /** Which accesses an array serves. */
  public enum Role {
    DATA,
    INSTRUCTION,
    UNIFIED
  }

  /**
   * One set-associative array.
   *
   * @param level 1 is asked first; a hit in level 2 fills level 1
   * @param pageShifts logarithms of the page sizes held, ascending; a larger page is held as its
   *     part of the next smaller size; empty for any size as it is
   * @param source where the numbers come from
   */
  public record Array(
      String name,
      Role role,
      int level,
      int entries,
      int ways,
      List<Integer> pageShifts,
      String source) {
    public Array {
      pageShifts = List.copyOf(pageShifts);
      requireSets(name, entries, ways);
      if (level != 1 && level != 2) {
        throw new IllegalArgumentException("TLB array " + name + " has level " + level);
      }
    }

    public int sets() {
      return entries / ways;
    }
  }

  /**
   * One paging-structure cache.
   *
   * @param level of the table entries that are cached: 2 for entries that point to level-1 tables
   *     (x86's PDE cache)
   * @param source where the numbers come from
   */
  public record Structure(int level, int entries, int ways, String source) {
    public Structure {
      requireSets("structure cache of level " + level, entries, ways);
      if (level < 2) {
        throw new IllegalArgumentException(
            "structure caches hold table entries, not level " + level);
      }
    }
  }

  /**
   * What a core does that its architecture leaves open.
   *
   * @param dropsStructuresOnPathOnly INVLPG spares structure-cache entries off the address's path:
   *     AMD's EFER.TCE, where it is set
   * @param remembersInvalid may remember that an entry was invalid (RISC-V without Svvptc)
   */
  public record Traits(boolean dropsStructuresOnPathOnly, boolean remembersInvalid) {
    /** Neither. */
    public static final Traits NONE =
        new Traits(/* dropsStructuresOnPathOnly= */ false, /* remembersInvalid= */ false);
  }

  public TlbGeometry {
    arrays = List.copyOf(arrays);
    structures = List.copyOf(structures);
    for (int i = 1; i < arrays.size(); i++) {
      if (arrays.get(i).level() < arrays.get(i - 1).level()) {
        throw new IllegalArgumentException("TLB " + name + " lists level 2 before level 1");
      }
    }
    long levels = structures.stream().map(Structure::level).distinct().count();
    if (levels != structures.size()) {
      throw new IllegalArgumentException("TLB " + name + " has two structure caches of one level");
    }
  }

  private static void requireSets(String what, int entries, int ways) {
    if (ways < 1
        || ways > MAX_WAYS
        || entries < ways
        || entries % ways != 0
        || Integer.bitCount(entries / ways) != 1) {
      throw new IllegalArgumentException(
          what + " has " + entries + " entries in " + ways + " ways; sets must be a power of two");
    }
  }

  /** The same core with other traits. */
  public TlbGeometry withTraits(Traits other) {
    return new TlbGeometry(name, architecture, arrays, structures, other);
  }

  /** How many entries all arrays hold. */
  public int entries() {
    return arrays.stream().mapToInt(Array::entries).sum();
  }

  @Override
  public String toString() {
    return name;
  }
}
