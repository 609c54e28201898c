/**
 * Planted bugs of {@code org.pagewright.kernel.mmlocal}.
 *
 * <p>Models defects of the region of "mm: Add __GFP_UNMAPPED" and of the LDT's place before it.
 * Sources stand in docs/models/gallery.md and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.mmlocal.ForgetsPae}, as good a first one as any;
 * {@link org.pagewright.faulty.PlantedBugs} lists all.
 *
 * <p>Key types: each class is a region with one mistake, or a choice that is one, and the scenario
 * that shows it.
 *
 * <p>Invariants: the scenario without the bug is silent.
 *
 * <p>Left out: entries of the gallery that have no seam yet; the table there says which.
 */
@NullMarked
package org.pagewright.faulty.mmlocal;

import org.jspecify.annotations.NullMarked;
