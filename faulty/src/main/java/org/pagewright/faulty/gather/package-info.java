/**
 * Planted bugs of {@code org.pagewright.kernel.gather}.
 *
 * <p>Models defects of mm/mmu_gather.c, mm/memory.c and PT_RECLAIM. Sources stand in
 * docs/models/gallery.md and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.gather.BelievesOldCount}, as good a first one as
 * any; {@link org.pagewright.faulty.PlantedBugs} lists all. {@link
 * org.pagewright.faulty.gather.TableWorld} is what they happen in.
 *
 * <p>Invariants: the scenario without the bug is silent.
 *
 * <p>Left out: areas and files are no more here than what a scenario needs of them.
 */
@NullMarked
package org.pagewright.faulty.gather;

import org.jspecify.annotations.NullMarked;
