/**
 * The page allocator: which frame answers a request, decided as Linux decides it.
 *
 * <p>Models mm/page_alloc.c and include/linux/gfp_types.h of Linux 6.1, 6.12, 6.18 and 7.0, and the
 * conversion of pageblocks of "mm: Add __GFP_UNMAPPED" (2026-02 to 2026-08).
 *
 * <p>Entry class: {@link PageAllocator}. It walks {@link ZoneLists} under {@link Watermarks}, takes
 * blocks from {@link PcpLists} or, by {@link Fallback}, from the free lists of {@code
 * kernel.buddy}; {@link AllocatorRules} are the differences between versions.
 *
 * <p>Invariants, checked by {@link AllocatorVerifier}: those of {@code kernel.buddy}; from 6.10 on
 * a free block lies on the list of its pageblock's type; per-CPU counts equal the lists.
 *
 * <p>Left out: memory hotplug, memory cgroups, page poisoning, deferred page initialisation as a
 * process of its own.
 */
@NullMarked
package org.pagewright.kernel.alloc;

import org.jspecify.annotations.NullMarked;
