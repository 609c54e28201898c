package org.pagewright.lab.trace.input;

import java.util.Arrays;

/**
 * Finds the frees whose page reaches the allocator's lists later than its {@code mm_page_free}.
 *
 * <p>Linux frees lists of pages in two loops ({@code free_unref_page_list()}, {@code
 * free_unref_folios()}): the first prepares every page and writes {@code mm_page_free}, the second
 * puts them on the lists and writes {@code mm_page_free_batched}. Both loops go through the list in
 * the same order, so after one match the next is expected right behind it.
 */
final class BatchedFrees {
  /** Frees of one CPU that are remembered: several times the longest list of the kernel. */
  private static final int REMEMBERED = 1 << 14;

  private static final int MASK = REMEMBERED - 1;

  /** Frees behind the last match that are tried before the search from the newest. */
  private static final int NEAR = 4;

  private static final long NONE = -1;

  private long[][] pfns = {};
  private long[][] positions = {};
  private long[] written = {};
  private long[] expected = {};

  /**
   * Marks the frees that the batched frees of {@code batch} belong to, in it or in {@code before}.
   *
   * @param position how many events precede {@code batch}
   */
  void mark(EventBatch before, EventBatch batch, long position) {
    for (int at = 0; at < batch.size(); at++) {
      int kind = batch.kind(at);
      if (kind == EventBatch.FREE) {
        remember(batch.cpu(at), batch.pfn(at), position + at);
      } else if (kind == EventBatch.FREE_BATCHED) {
        match(before, batch, position, at);
      }
    }
  }

  private void remember(int cpu, long pfn, long position) {
    if (cpu >= pfns.length) {
      grow(cpu + 1);
    }
    int slot = (int) written[cpu]++ & MASK;
    pfns[cpu][slot] = pfn;
    positions[cpu][slot] = position;
    // A run of batched frees ends here; the next one starts with the newest free of its page.
    expected[cpu] = written[cpu];
  }

  private void match(EventBatch before, EventBatch batch, long position, int at) {
    int cpu = batch.cpu(at);
    long found = cpu < pfns.length ? find(cpu, batch.pfn(at)) : NONE;
    if (found == NONE) {
      return;
    }
    int slot = (int) found & MASK;
    long free = positions[cpu][slot];
    pfns[cpu][slot] = NONE;
    expected[cpu] = found + 1;
    boolean isHere = free >= position;
    EventBatch where = isHere ? batch : before;
    long index = isHere ? free - position : free - position + before.size();
    if (index >= 0) {
      where.markBatchedLater((int) index);
      batch.correctOrder(at, where.order((int) index));
    }
  }

  private long find(int cpu, long pfn) {
    long newest = written[cpu] - 1;
    long oldest = Math.max(0, written[cpu] - REMEMBERED);
    long[] ring = pfns[cpu];
    long near = Math.max(oldest, expected[cpu]);
    for (long i = near; i <= Math.min(newest, near + NEAR); i++) {
      if (ring[(int) i & MASK] == pfn) {
        return i;
      }
    }
    for (long i = newest; i >= oldest; i--) {
      if (ring[(int) i & MASK] == pfn) {
        return i;
      }
    }
    return NONE;
  }

  private void grow(int cpus) {
    int had = pfns.length;
    pfns = Arrays.copyOf(pfns, cpus);
    positions = Arrays.copyOf(positions, cpus);
    written = Arrays.copyOf(written, cpus);
    expected = Arrays.copyOf(expected, cpus);
    for (int cpu = had; cpu < cpus; cpu++) {
      pfns[cpu] = new long[REMEMBERED];
      positions[cpu] = new long[REMEMBERED];
    }
  }
}
