/**
 * Kernel addresses that are mapped after boot: ranges in large leaves, and top-level entries that
 * every process has to see.
 *
 * <p>Models {@code vmap_range_noflush()} and {@code vunmap_range()} (mm/vmalloc.c), {@code
 * pud_free_pmd_page()} and {@code pmd_free_pte_page()} (arch/arm64/mm/mmu.c,
 * arch/x86/mm/pgtable.c), {@code arch_sync_kernel_mappings()} with {@code sync_global_pgds()}
 * (arch/x86/mm/init_64.c), Linux 7.0.
 *
 * <p>Entry class: {@link org.pagewright.kernel.vmalloc.KernelVmap}. Others: {@link
 * org.pagewright.kernel.vmalloc.KernelRoots} (who has to see a new top-level entry) and {@link
 * org.pagewright.kernel.vmalloc.SharedRoots} (the roots of all processes).
 *
 * <p>Invariants: outside the mm-local region every root has the kernel's top-level entries (oracle
 * kernel-halves-equal); a table is given back when no entry, CPU or dump leads to it any more
 * (table-life, freed-frame-translations); nothing warns of what is legal (warnings).
 *
 * <p>Left out: who gets which addresses, lazily freed areas, the pages behind them, memory hotplug.
 */
@NullMarked
package org.pagewright.kernel.vmalloc;

import org.jspecify.annotations.NullMarked;
