/**
 * Planted bugs of {@code org.pagewright.kernel.mermap}.
 *
 * <p>Models defects of mm/mermap.c ("mm: Add __GFP_UNMAPPED", v1 and v2, 2026). Sources stand in
 * docs/models/gallery.md and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.mermap.WrapsIntoNextCpu}, as good a first one as
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
package org.pagewright.faulty.mermap;

import org.jspecify.annotations.NullMarked;
