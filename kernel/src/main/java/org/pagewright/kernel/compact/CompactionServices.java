package org.pagewright.kernel.compact;

import org.jspecify.annotations.Nullable;
import org.pagewright.hardware.cpu.Cpu;
import org.pagewright.kernel.buddy.Memmap;
import org.pagewright.kernel.buddy.Zone;

/** What compaction asks of the page allocator above it. */
public interface CompactionServices {
  /** Whether a zone has {@code pages} more free than its low mark (else its min mark). */
  boolean hasFree(Zone zone, long pages, boolean aboveLow);

  /** Copies the content of a block. */
  void copy(@Nullable Cpu cpu, long fromPfn, long toPfn, int order);

  /** Says that a block has a new place, which is in use from then on. */
  void moved(@Nullable Cpu cpu, long toPfn, int order);

  /** Gives back a block that was moved away. */
  void free(@Nullable Cpu cpu, int cpuId, long pfn, int order);

  /** Empties every per-CPU list. */
  void drainAll();

  /** A movable block to move something to, or {@link Memmap#NONE}. */
  long allocateTarget(int cpuId, int order);

  /** Empties the CPU's own lists of a zone. Models {@code lru_add_drain_cpu_zone()}. */
  void drain(int cpuId, Zone zone);
}
