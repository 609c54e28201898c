/**
 * Planted bugs of {@code org.pagewright.kernel.vmalloc}.
 *
 * <p>Models defects of arch/arm64/mm/mmu.c and of arch/x86/mm/init_64.c with mm/sparse-vmemmap.c.
 * Sources stand in docs/models/gallery.md and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.vmalloc.SyncsNoRoots}, as good a first one as any;
 * {@link org.pagewright.faulty.PlantedBugs} lists all.
 *
 * <p>Key types: each class is a {@link org.pagewright.check.explore.PlantedBug}: a seam of the
 * kernel used wrongly, and the scenario that shows it.
 *
 * <p>Invariants: the scenario without the bug is silent.
 *
 * <p>Left out: entries of the gallery that have no seam yet; the table there says which.
 */
@NullMarked
package org.pagewright.faulty.vmalloc;

import org.jspecify.annotations.NullMarked;
