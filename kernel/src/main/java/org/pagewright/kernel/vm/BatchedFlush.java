package org.pagewright.kernel.vm;

import java.util.ArrayList;
import java.util.List;
import org.pagewright.hardware.cpu.Cpu;

/**
 * Flushes that wait until several pages were unmapped. Models {@code set_tlb_ubc_flush_pending()},
 * {@code try_to_unmap_flush()} and {@code flush_tlb_batched_pending()} (mm/rmap.c).
 */
public class BatchedFlush {
  /*
   * What Linux does: reclaim clears entries of many pages and flushes once. Until then somebody who
   * looks at the entry finds nothing, and must not conclude that no CPU can use the page: whoever
   * changes entries under the table's lock flushes first if a batch of that address space waits.
   */

  private final VmServices services;

  /** Batches of every CPU. */
  public BatchedFlush(VmServices services) {
    this.services = services;
  }

  /** What one reclaim has to flush. */
  static final class Batch {
    private final List<AddressSpace> spaces = new ArrayList<>();
  }

  /** An entry of {@code space} was cleared under its table's lock. */
  void add(Batch batch, AddressSpace space) {
    space.addBatchedFlush();
    if (!batch.spaces.contains(space)) {
      batch.spaces.add(space);
    }
  }

  /** Flushes everything in the batch. Models {@code try_to_unmap_flush()}. */
  void flush(Cpu cpu, Batch batch) {
    for (AddressSpace space : batch.spaces) {
      services.shootdown().flushMm(cpu, space.mm().tlb());
    }
    batch.spaces.clear();
  }

  /**
   * Flushes if a batch of the address space may wait; called under the lock of a table whose
   * entries are about to be judged. Models {@code flush_tlb_batched_pending()}.
   */
  protected void flushPending(Cpu cpu, AddressSpace space) {
    if (space.hasBatchedFlush()) {
      long pending = space.batchedFlushes();
      services.shootdown().flushMm(cpu, space.mm().tlb());
      space.flushedBatches(pending);
    }
  }
}
