package org.pagewright.hardware.tlb;

/** What checkers see of the translation caches of one CPU. */
public interface TlbView {
  /** Takes valid TLB entries. */
  @FunctionalInterface
  interface EntryReader {
    /**
     * One entry.
     *
     * @param array name of the array that holds it
     * @param va address of its first byte
     * @param asid address-space number, or {@link Tlb#GLOBAL}
     * @param translation as of the fill: physical page, size, rights, protection key; negative for
     *     a remembered fault
     */
    void entry(String array, long va, int asid, int pageShift, long translation);
  }

  /** Takes valid structure-cache entries. */
  @FunctionalInterface
  interface StructureReader {
    /**
     * One entry: a walk for addresses from {@code va} on, {@code 1 << spanShift} bytes of them, may
     * start by reading the table.
     *
     * @param level of the entries in the table, 1 for the smallest pages
     */
    void structure(int level, long va, int spanShift, int asid, long tablePa);
  }

  void forEachEntry(EntryReader reader);

  void forEachStructure(StructureReader reader);

  /** How many TLB entries are valid. */
  int entryCount();
}
