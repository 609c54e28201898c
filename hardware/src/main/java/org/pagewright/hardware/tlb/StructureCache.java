package org.pagewright.hardware.tlb;

import java.util.Arrays;
import java.util.List;
import org.pagewright.hardware.paging.PteFormat;
import org.pagewright.hardware.paging.WalkPath;

/**
 * The paging-structure caches of one CPU: for an address prefix, the table in which a walk may
 * start, and the rights inherited on the way there.
 *
 * <p>x86 calls them PML4, PDPTE and PDE caches, Arm walk caches. A later change or freeing of the
 * tables above is not seen until the entry is invalidated.
 */
public final class StructureCache {
  private static final int EMPTY = -2;

  private final PteFormat format;

  /** Caches by level of the table that an entry points to, lowest first; absent levels are null. */
  private final Level[] levels;

  /** One cache: entries of a level, each pointing to a table of the level below. */
  private static final class Level {
    final int tableLevel;

    /** Logarithm of what one entry spans. */
    final int shift;

    final int ways;
    final int setMask;
    final long[] prefixes;
    final int[] asids;
    final long[] tables;
    final long[] limits;
    final byte[] nextWays;

    /** Entries in use: most shootdowns reach CPUs that remember none. */
    int count;

    Level(TlbGeometry.Structure structure, int shift) {
      this.tableLevel = structure.level() - 1;
      this.shift = shift;
      this.ways = structure.ways();
      this.setMask = structure.entries() / ways - 1;
      this.prefixes = new long[structure.entries()];
      this.asids = new int[structure.entries()];
      this.tables = new long[structure.entries()];
      this.limits = new long[structure.entries()];
      this.nextWays = new byte[structure.entries() / ways];
      Arrays.fill(asids, EMPTY);
    }

    int find(long va, int asid) {
      long prefix = va >>> shift;
      int first = ((int) prefix & setMask) * ways;
      for (int slot = first; slot < first + ways; slot++) {
        if (prefixes[slot] == prefix && asids[slot] == asid) {
          return slot;
        }
      }
      return -1;
    }

    /** The slot for a new entry, whose turn passes to the next one. */
    int nextVictim(long va) {
      int set = (int) (va >>> shift) & setMask;
      int way = nextWays[set];
      nextWays[set] = (byte) (way + 1 == ways ? 0 : way + 1);
      return set * ways + way;
    }

    void put(int slot, long va, int asid, long table, long limit) {
      if (asids[slot] == EMPTY) {
        count++;
      }
      prefixes[slot] = va >>> shift;
      asids[slot] = asid;
      tables[slot] = table;
      limits[slot] = limit;
    }

    void drop(int slot) {
      asids[slot] = EMPTY;
      count--;
    }

    boolean overlaps(int slot, long from, long to) {
      return prefixes[slot] >= (from >>> shift) && prefixes[slot] <= ((to - 1) >>> shift);
    }
  }

  StructureCache(List<TlbGeometry.Structure> structures, PteFormat format) {
    this.format = format;
    this.levels =
        structures.stream()
            .filter(s -> s.level() <= highestCached(format))
            .sorted((a, b) -> Integer.compare(a.level(), b.level()))
            .map(s -> new Level(s, format.level(s.level()).shift()))
            .toArray(Level[]::new);
  }

  /** PAE's top entries are registers, not cached ones. */
  private static int highestCached(PteFormat format) {
    return format.has(PteFormat.Feature.PDPTE_REGISTERS)
        ? format.topLevel() - 1
        : format.topLevel();
  }

  /** The level whose leaves, alone or in runs, map pages of this size. */
  static int leafLevel(PteFormat format, int pageShift) {
    int level = 1;
    while (level < format.topLevel() && format.level(level + 1).shift() <= pageShift) {
      level++;
    }
    return level;
  }

  /** Makes {@code path} start as low as the caches allow, or at the root. */
  public void start(long va, int asid, WalkPath path) {
    for (Level level : levels) {
      int slot = level.find(va, asid);
      if (slot >= 0) {
        path.startAt(level.tableLevel, level.tables[slot], level.limits[slot]);
        return;
      }
    }
    path.startAtRoot();
  }

  /**
   * Remembers the tables that a walk for {@code va} passed below its first one. {@link #start} must
   * have said where the walk began, so that none of them is remembered yet.
   */
  public void fill(long va, int asid, WalkPath path) {
    for (Level level : levels) {
      int table = level.tableLevel;
      if (table >= path.lowestLevel() && table < path.topLevel()) {
        int slot = level.nextVictim(va);
        level.put(slot, va, asid, path.tablePa(table), path.limits(table));
      }
    }
  }

  /** Drops what the scope covers; see {@link Tlb#invalidate}. */
  void invalidate(long from, long to, int asid, int scope) {
    if ((scope & (TlbScope.STRUCTURES | TlbScope.STRUCTURES_ON_PATH)) == 0) {
      return;
    }
    boolean isEverywhere = (scope & (TlbScope.STRUCTURES | TlbScope.EVERYWHERE)) != 0;
    for (Level level : levels) {
      int left = level.count;
      for (int slot = 0; left > 0; slot++) {
        if (level.asids[slot] == EMPTY) {
          continue;
        }
        left--;
        if (TlbScope.covers(scope, level.asids[slot], asid)
            && (isEverywhere || level.overlaps(slot, from, to))) {
          level.drop(slot);
        }
      }
    }
  }

  /** The format whose tables are remembered. */
  PteFormat format() {
    return format;
  }

  boolean isEmpty() {
    for (Level level : levels) {
      for (int asid : level.asids) {
        if (asid != EMPTY) {
          return false;
        }
      }
    }
    return true;
  }

  void forEach(TlbView.StructureReader reader) {
    for (Level level : levels) {
      for (int slot = 0; slot < level.asids.length; slot++) {
        if (level.asids[slot] != EMPTY) {
          long va = level.prefixes[slot] << level.shift;
          reader.structure(
              level.tableLevel, va, level.shift, level.asids[slot], level.tables[slot]);
        }
      }
    }
  }
}
