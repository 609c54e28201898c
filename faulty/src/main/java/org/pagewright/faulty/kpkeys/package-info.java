/**
 * Planted bugs of {@code org.pagewright.kernel.kpkeys}.
 *
 * <p>Models defects and hazards of "pkeys-based page table hardening" (Kevin Brodsky, v5 to v7).
 * Sources stand in docs/models/gallery.md and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.kpkeys.SplitsWithoutReserve}, as good a first one as
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
package org.pagewright.faulty.kpkeys;

import org.jspecify.annotations.NullMarked;
