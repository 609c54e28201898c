/**
 * Free memory as the buddy system keeps it: zones, pageblocks, blocks and the lists they lie on.
 *
 * <p>Models what mm/page_alloc.c does under a zone's lock ({@code __free_one_page()}, {@code
 * __rmqueue_smallest()}) and include/linux/{mmzone.h,mm_types.h,pageblock-flags.h} of Linux 6.1 to
 * 7.0, with the freetypes of "mm: Add __GFP_UNMAPPED" (2026-02 to 2026-08).
 *
 * <p>Entry class: {@link Buddy}. A {@link Zone} has free lists of 11 orders and counters; {@link
 * Memmap} holds what Linux keeps in {@code struct page} and for each pageblock; {@link Freetype}
 * and {@link Migratetype} say which list a block belongs on; {@link EventSink} hears of blocks that
 * come and go.
 *
 * <p>Invariants, checked by {@code AllocatorVerifier} of {@code kernel.alloc}: a frame is on at
 * most one list; counters equal the lists; a block larger than a pageblock is uniformly mapped or
 * unmapped.
 *
 * <p>Left out: who may take which block, which is {@code kernel.alloc}; the zone's lock, which
 * costs cycles there; memory hotplug.
 */
@NullMarked
package org.pagewright.kernel.buddy;

import org.jspecify.annotations.NullMarked;
