package org.pagewright.kernel.secret;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;

/**
 * Pages that each CPU has yet to put on the LRU list. Models the {@code lru_add} batch of {@code
 * struct cpu_fbatches} (mm/swap.c, Linux 7.0): a page gets its LRU flag when the batch is full or
 * drained, some time after others can reach it.
 *
 * <p>Left out: the reference that a batch holds on its pages, and the list itself.
 */
final class LruBatches {
  /** {@code PAGEVEC_SIZE}; 15 before Linux 6.9. */
  static final int PAGES = 31;

  /** What one CPU has collected. */
  private static final class Batch {
    private final @Nullable FileMapping[] mappings = new @Nullable FileMapping[PAGES];
    private final long[] indexes = new long[PAGES];
    private final long[] pfns = new long[PAGES];
    private int count;
  }

  private Batch[] batches = {};

  /** Models {@code folio_add_lru()}. */
  void add(Cpu cpu, FileMapping mapping, long index) {
    Batch batch = batch(cpu);
    int at = batch.count++;
    batch.mappings[at] = mapping;
    batch.indexes[at] = index;
    batch.pfns[at] = mapping.pfn(index);
    if (batch.count == PAGES) {
      drain(cpu);
    }
  }

  /** Marks the pages that are still where they were added. Models {@code lru_add_drain()}. */
  void drain(Cpu cpu) {
    Batch batch = batch(cpu);
    for (int i = 0; i < batch.count; i++) {
      FileMapping mapping = Objects.requireNonNull(batch.mappings[i], "an entry of the batch");
      if (mapping.pfn(batch.indexes[i]) == batch.pfns[i]) {
        mapping.mark(batch.indexes[i], FileMapping.LRU);
      }
      batch.mappings[i] = null;
    }
    batch.count = 0;
  }

  private Batch batch(Cpu cpu) {
    int before = batches.length;
    if (cpu.id() >= before) {
      batches = Arrays.copyOf(batches, cpu.id() + 1);
      Arrays.setAll(batches, i -> i < before ? batches[i] : new Batch());
    }
    return batches[cpu.id()];
  }
}
