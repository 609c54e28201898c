/**
 * Removing stale translations from every CPU that may hold them.
 *
 * <p>Models {@code arch/x86/mm/tlb.c} (Linux 7.0: generations, six address-space slots, lazy mode,
 * isolation, INVLPGB), {@code arch/arm64/include/asm/tlbflush.h} (broadcast, range operations) and
 * riscv's remote fences.
 *
 * <p>Entry class: {@link org.pagewright.kernel.tlbflush.TlbShootdown}. Others: {@link
 * org.pagewright.kernel.tlbflush.MmTlb} (what an address space keeps for it), {@link
 * org.pagewright.kernel.tlbflush.CpuTlbState} (what a CPU keeps) and {@link
 * org.pagewright.kernel.tlbflush.FlushCounters} (who spent what).
 *
 * <p>Invariants: when a flush of kernel addresses returns, no CPU holds a translation of the range,
 * except where Linux promises less (non-global entries of other address spaces on x86 without
 * isolation); a CPU never runs an address space with a generation behind the one it has read.
 *
 * <p>Left out: deferred batches of reclaim, trimming of the CPU mask once per second, user-space
 * ASIDs shared with devices, Hyper-V's and KVM's paravirtual flushes.
 */
@NullMarked
package org.pagewright.kernel.tlbflush;

import org.jspecify.annotations.NullMarked;
