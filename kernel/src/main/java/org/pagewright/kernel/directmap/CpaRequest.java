package org.pagewright.kernel.directmap;

/**
 * One running request to change attributes on x86. Models {@code struct cpa_data} (Linux 7.0).
 *
 * <p>Requests nest: an alias copies its parent, and the table page for a split may come from an
 * allocator that has to change the direct map itself. So each has its own object, which lives for
 * one call only.
 */
final class CpaRequest {
  final long[] vas;
  final long pages;
  final long set;
  final long clear;
  final boolean checksAlias;
  final boolean scattered;
  final boolean forcesSplit;

  /** Pages that the step in progress covers, from the current address on. */
  long batch;

  /** Position of the step in progress, in pages. */
  long position;

  /** Frame that the step in progress found at its address. */
  long pfn;

  /** Whether an entry was changed, so that translations may be stale. */
  boolean changed;

  /** Whether an alias was changed too, so that the range alone is not enough to flush. */
  boolean touchedAlias;

  /** Whether the next split has to repair a mapping that contradicts static protections. */
  boolean enforcesStatic;

  CpaRequest(
      long[] vas,
      long pages,
      long set,
      long clear,
      boolean checksAlias,
      boolean scattered,
      boolean forcesSplit) {
    this.vas = vas;
    this.pages = pages;
    this.set = set;
    this.clear = clear;
    this.checksAlias = checksAlias;
    this.scattered = scattered;
    this.forcesSplit = forcesSplit;
  }

  /** The same change at {@code aliasVa}, never touching NX there: aliases keep their own. */
  CpaRequest alias(long aliasVa) {
    return new CpaRequest(
        new long[] {aliasVa},
        batch,
        set & ~X86Entry.NO_EXECUTE,
        clear & ~X86Entry.NO_EXECUTE,
        checksAlias,
        /* scattered= */ false,
        forcesSplit);
  }

  /** Address that the step in progress starts at. */
  long va() {
    return va(position);
  }

  long va(long page) {
    return scattered ? vas[(int) page] : vas[0] + (page << 12);
  }
}
