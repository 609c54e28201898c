package org.pagewright.kernel.mermap;

import java.util.List;

/**
 * Which published version of the mermap runs, and its sizes.
 *
 * @param name as printed in reports
 * @param windowPages pages of one CPU's window; Linux has one PTE table, 512
 * @param normalRecords mappings that one CPU can hold at once
 * @param ownReserveRecord whether the reserved request has a record of its own, or competes for the
 *     normal ones
 * @param reservePages pages at the end of a window that normal requests never get
 * @param unmappedEntry what an entry holds while nothing is mapped there
 * @param wrapFlush what is flushed before a window is used again from its start
 */
public record MermapConfig(
    String name,
    int windowPages,
    int normalRecords,
    boolean ownReserveRecord,
    int reservePages,
    UnmappedEntry unmappedEntry,
    WrapFlush wrapFlush) {

  /** What an entry of a window holds while nothing is mapped there. */
  public enum UnmappedEntry {
    /** Zero, like everywhere else. */
    EMPTY,
    /**
     * Not present and not zero, because the walker that v1 used skips empty entries: frame 0 with
     * PROT_NONE (on x86 the Global bit without Present) and no execution.
     */
    FAKE
  }

  /** What is flushed before a window is used again from its start. */
  public enum WrapFlush {
    /** Every translation of this CPU, global ones too. */
    LOCAL_ALL,
    /**
     * Translations of this CPU that are not global, as a development version did with a reload of
     * CR3. It suffices, because global protections are refused.
     */
    LOCAL_NON_GLOBAL,
    /**
     * Translations of the window on every CPU. What the header comment asks of arm64: a stale entry
     * elsewhere would meet a changed one, and break-before-make makes that unpredictable.
     */
    BROADCAST
  }

  private static final int PTE_TABLE_PAGES = 512;

  /** "mm: Add __GFP_UNMAPPED" RFC, February 2026: four records for normal and reserved users. */
  public static final MermapConfig V1 =
      new MermapConfig(
          "v1",
          PTE_TABLE_PAGES,
          /* normalRecords= */ 4,
          /* ownReserveRecord= */ false,
          /* reservePages= */ 1,
          UnmappedEntry.FAKE,
          WrapFlush.LOCAL_ALL);

  /** The same series, v2 of March 2026 and later: three records and one for the reserved user. */
  public static final MermapConfig V2 =
      new MermapConfig(
          "v2",
          PTE_TABLE_PAGES,
          /* normalRecords= */ 3,
          /* ownReserveRecord= */ true,
          /* reservePages= */ 1,
          UnmappedEntry.EMPTY,
          WrapFlush.LOCAL_ALL);

  /** Every preset, in the order in which they are listed to users. */
  public static List<MermapConfig> all() {
    return List.of(V1, V2);
  }

  public MermapConfig {
    if (normalRecords < 1 || normalRecords >= MermapWindow.RECORDS_MAX) {
      throw new IllegalArgumentException(
          "normalRecords: " + normalRecords + ", from 1 to " + (MermapWindow.RECORDS_MAX - 1));
    }
    if (reservePages < 0 || reservePages >= windowPages) {
      throw new IllegalArgumentException(
          "reservePages: " + reservePages + ", below windowPages " + windowPages);
    }
    if (windowPages % PTE_TABLE_PAGES != 0 || windowPages <= 0) {
      throw new IllegalArgumentException(
          "windowPages: " + windowPages + ", a multiple of " + PTE_TABLE_PAGES);
    }
  }

  /** The preset of that name. */
  public static MermapConfig named(String name) {
    for (MermapConfig config : all()) {
      if (config.name.equals(name)) {
        return config;
      }
    }
    throw new IllegalArgumentException(
        "no mermap version "
            + name
            + "; known: "
            + all().stream().map(MermapConfig::name).toList());
  }

  /** The same version with another number of normal records. */
  public MermapConfig withNormalRecords(int records) {
    return new MermapConfig(
        name, windowPages, records, ownReserveRecord, reservePages, unmappedEntry, wrapFlush);
  }

  /** The same version with windows of another size. */
  public MermapConfig withWindowPages(int pages) {
    return new MermapConfig(
        name, pages, normalRecords, ownReserveRecord, reservePages, unmappedEntry, wrapFlush);
  }

  /** The same version with another flush at the wrap. */
  public MermapConfig withWrapFlush(WrapFlush flush) {
    return new MermapConfig(
        name, windowPages, normalRecords, ownReserveRecord, reservePages, unmappedEntry, flush);
  }

  /** Records of a window, with the one of the reserved user. */
  int records() {
    return normalRecords + (ownReserveRecord ? 1 : 0);
  }
}
