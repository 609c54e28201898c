/**
 * Page tables that the kernel's own stray writes cannot reach: protection keys on the linear map.
 *
 * <p>Models "pkeys-based page table hardening" (Kevin Brodsky): {@code
 * mm/kpkeys_hardened_pgtables.c} and {@code include/linux/kpkeys.h} of v5 (2025-08), v6 (2026-02)
 * and v7 (2026-05) on arm64 (POR_EL1) and, as it would be, on x86-64 (IA32_PKRS); and a design that
 * nobody posted: protected tables as a freetype of the page allocator.
 *
 * <p>Entry class: {@link org.pagewright.kernel.kpkeys.HardenedTables}. Others: {@link
 * org.pagewright.kernel.kpkeys.Kpkeys} (the register, levels, batching), {@link
 * org.pagewright.kernel.kpkeys.KpkeysConfig} (the variants), and the suppliers of protected pages:
 * {@link org.pagewright.kernel.kpkeys.PageByPage}, {@link
 * org.pagewright.kernel.kpkeys.BlockAllocator}, {@link org.pagewright.kernel.kpkeys.FreetypePool},
 * {@link org.pagewright.kernel.kpkeys.ConstructorKeys} (v5, a hook of {@code kernel.tablelife}).
 *
 * <p>Invariants: a page that is in use as a table carries the tables' key in the direct map; a page
 * that carries the key is a table or stands in a cache, a reserve or a pool; a split of the direct
 * map takes its tables from pages that carry the key already.
 *
 * <p>Left out: DMA and other aliases, control-flow hijack, KVM and idle entry, memory cgroups.
 */
@NullMarked
package org.pagewright.kernel.kpkeys;

import org.jspecify.annotations.NullMarked;
