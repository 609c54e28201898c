/**
 * User page tables: made, locked, emptied and freed while other CPUs may walk them.
 *
 * <p>Models mm/mmu_gather.c, mm/pt_reclaim.c, mm/pgtable-generic.c and the parts of mm/memory.c
 * that make, zap and free tables (Linux 6.17 to 7.3). Series: PT_RECLAIM (Qi Zheng, 2024) and
 * "enable PT_RECLAIM on all architectures" (Qi Zheng, Jan 2026).
 *
 * <p>Entry class: {@link org.pagewright.kernel.gather.UserTables}. Key types: {@link
 * org.pagewright.kernel.gather.MmuGather} (take out, flush, free), {@link
 * org.pagewright.kernel.gather.GatherConfig} (what an architecture does), {@link
 * org.pagewright.kernel.gather.ReclaimRules} (PT_RECLAIM by version), {@link
 * org.pagewright.kernel.gather.RcuGrace} (grace periods), {@link
 * org.pagewright.kernel.gather.ZapLeaves} (who knows what leaves mean).
 *
 * <p>Invariants: an entry is written under the lock of its table, or by {@code free_pgd_range()}
 * when nobody finds the table any more; a page or table is given back after the flush that covers
 * it; the counters of an address space say how many tables are hooked in.
 *
 * <p>Left out: areas and what leaves mean (package {@code org.pagewright.kernel.vm}), caches of
 * other architectures than x86, arm64 and riscv, page sizes that differ within a gather.
 */
@NullMarked
package org.pagewright.kernel.gather;

import org.jspecify.annotations.NullMarked;
