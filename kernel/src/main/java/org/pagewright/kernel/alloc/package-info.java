/**
 * The page allocator: which frame answers a request, decided as Linux decides it.
 *
 * <p>Models mm/page_alloc.c, include/linux/{mmzone.h,gfp_types.h,pageblock-flags.h} of Linux 6.1,
 * 6.12, 6.18 and 7.0, and the freetypes of "mm: Add __GFP_UNMAPPED" (2026-02 to 2026-08).
 *
 * <p>Entry class: {@link PageAllocator}. A {@link Zone} has free lists of 11 orders ({@link Buddy})
 * and {@link PerCpuPages}; {@link Memmap} holds what Linux keeps in {@code struct page}; {@link
 * AllocatorRules} are the differences between versions; {@link Freetype} indexes free lists.
 *
 * <p>Invariants, checked by {@link AllocatorVerifier}: a frame is on at most one list; counters
 * equal the lists; from 6.10 on a free block lies on the list of its pageblock's type; a block
 * larger than a pageblock is uniformly mapped or unmapped.
 *
 * <p>Left out: memory hotplug, memory cgroups, page poisoning, deferred page initialisation as a
 * process of its own, lock-free allocation from any context.
 */
@NullMarked
package org.pagewright.kernel.alloc;

import org.jspecify.annotations.NullMarked;
