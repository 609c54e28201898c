/**
 * Planted bugs of {@code org.pagewright.kernel.tlbflush}.
 *
 * <p>Models defects of arch/x86/mm/tlb.c. Sources stand in docs/models/gallery.md and at each
 * class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.tlbflush.SparesLazyCpus}, as good a first one as
 * any; {@link org.pagewright.faulty.PlantedBugs} lists all.
 *
 * <p>Key types: each class is a {@link org.pagewright.check.explore.PlantedBug}: a seam of the
 * kernel used wrongly, and the scenario that shows it.
 *
 * <p>Invariants: the scenario without the bug is silent.
 *
 * <p>Left out: entries of the gallery that have no seam yet; the table there says which.
 */
@NullMarked
package org.pagewright.faulty.tlbflush;

import org.jspecify.annotations.NullMarked;
