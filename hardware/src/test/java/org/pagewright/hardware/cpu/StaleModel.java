package org.pagewright.hardware.cpu;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The obvious model of translation caches: for each page and address space, the set of everything
 * that was a valid translation at some instant since the last invalidation that covers it.
 *
 * <p>It knows tables of level 1 (which of them may still be used for a region) and pages of them.
 * The caller says what is in memory; answers of hardware must be in {@link #allowed}.
 */
final class StaleModel {
  /** The value of a page that has no translation. */
  static final long NONE = -1;

  /** A page in an address space, or a region of one level-1 table. */
  private record Key(int asid, int index) {}

  /** What is in memory: the truth. */
  interface Truth {
    /** The level-1 table that the region's entry points to, or {@link #NONE}. */
    long table(int region);

    /** What the table's entry for the page says, or {@link #NONE}. */
    long translation(long table, int page);

    boolean isGlobal(long translation);
  }

  private final int[] asids;
  private final int pages;
  private final int pagesPerRegion;
  private final boolean remembersInvalid;
  private final Truth truth;
  private final Map<Key, Set<Long>> tables = new HashMap<>();
  private final Map<Key, Set<Long>> translations = new HashMap<>();
  private final Map<Integer, Set<Long>> globals = new HashMap<>();

  StaleModel(int[] asids, int pages, int pagesPerRegion, boolean remembersInvalid, Truth truth) {
    this.asids = asids.clone();
    this.pages = pages;
    this.pagesPerRegion = pagesPerRegion;
    this.remembersInvalid = remembersInvalid;
    this.truth = truth;
    memoryChanged();
  }

  /** Adds what is valid from here on. */
  void memoryChanged() {
    for (int asid : asids) {
      for (int page = 0; page < pages; page++) {
        int region = page / pagesPerRegion;
        Set<Long> usable = set(tables, new Key(asid, region));
        usable.add(truth.table(region));
        for (long table : usable) {
          add(asid, page, read(table, page));
        }
      }
    }
  }

  private long read(long table, int page) {
    return table == NONE ? NONE : truth.translation(table, page);
  }

  private void add(int asid, int page, long translation) {
    if (translation == NONE) {
      if (remembersInvalid) {
        set(translations, new Key(asid, page)).add(NONE);
      }
    } else if (truth.isGlobal(translation)) {
      set(globals, page).add(translation);
    } else {
      set(translations, new Key(asid, page)).add(translation);
    }
  }

  /** What hardware may answer for a page. */
  Set<Long> allowed(int asid, int page) {
    Set<Long> allowed = new HashSet<>(set(translations, new Key(asid, page)));
    allowed.addAll(set(globals, page));
    for (long table : set(tables, new Key(asid, page / pagesPerRegion))) {
      allowed.add(read(table, page));
    }
    return allowed;
  }

  /** Forgets translations of pages, from the first up to the last. */
  void forgetPages(int asid, int first, int last) {
    for (int page = first; page <= last; page++) {
      set(translations, new Key(asid, page)).clear();
    }
  }

  void forgetGlobals(int first, int last) {
    for (int page = first; page <= last; page++) {
      set(globals, page).clear();
    }
  }

  /** Forgets which tables were used for regions. */
  void forgetTables(int asid, int firstRegion, int lastRegion) {
    for (int region = firstRegion; region <= lastRegion; region++) {
      set(tables, new Key(asid, region)).clear();
    }
  }

  private static <K> Set<Long> set(Map<K, Set<Long>> map, K key) {
    return map.computeIfAbsent(key, _ -> new HashSet<>());
  }
}
