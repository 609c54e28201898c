/**
 * Kernel addresses that belong to one process.
 *
 * <p>Models "x86/mm: Generalize LDT remap into mm-local region" of "mm: Add __GFP_UNMAPPED" (RFC of
 * February 2026 to v4): arch/x86/include/asm/{mmu_context,pgtable_64_types}.h and
 * arch/x86/mm/pgtable.c.
 *
 * <p>Entry class: {@link org.pagewright.kernel.mmlocal.MmLocalRegion}. Others: {@link
 * org.pagewright.kernel.mmlocal.MmLocalLayout} (addresses).
 *
 * <p>Invariants: with page-table isolation the two entries that share the region are equal from
 * init to exit; no table of the region is reachable after its exit's flush; a region that was never
 * used has no table.
 *
 * <p>Left out: batches of the gather that frees it.
 */
@NullMarked
package org.pagewright.kernel.mmlocal;

import org.jspecify.annotations.NullMarked;
