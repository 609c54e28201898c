/**
 * Planted bugs of {@code org.pagewright.kernel.alloc} and {@code org.pagewright.kernel.buddy}.
 *
 * <p>Models defects of mm/page_alloc.c, most of them of "mm: Add __GFP_UNMAPPED" as posted in
 * February 2026. Sources stand in docs/models/gallery.md and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.alloc.MergesByMigratetype}, as good a first one as
 * any; {@link org.pagewright.faulty.PlantedBugs} lists all.
 *
 * <p>Key types: each class is a {@link org.pagewright.check.explore.PlantedBug}: a decision of the
 * allocator taken wrongly, and the scenario that shows it on an {@link
 * org.pagewright.faulty.alloc.AllocatorWorld}.
 *
 * <p>Invariants: the scenario without the bug is silent.
 *
 * <p>Left out: debug_pagealloc, which the kernel does not model.
 */
@NullMarked
package org.pagewright.faulty.alloc;

import org.jspecify.annotations.NullMarked;
