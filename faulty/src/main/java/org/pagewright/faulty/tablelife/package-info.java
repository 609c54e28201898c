/**
 * Planted bugs of {@code org.pagewright.kernel.tablelife}.
 *
 * <p>Models missing and mistaken constructors of page tables (seed series "Always call constructor
 * for kernel page tables", Mar 2025, and what came after). Sources stand in docs/models/gallery.md
 * and at each class.
 *
 * <p>Entry class: {@link org.pagewright.faulty.tablelife.SkipsKernelConstructor}, as good a first
 * one as any; {@link org.pagewright.faulty.PlantedBugs} lists all.
 *
 * <p>Invariants: the scenario without the bug is silent.
 *
 * <p>Left out: entries of the gallery that have no seam yet; the table there says which.
 */
@NullMarked
package org.pagewright.faulty.tablelife;

import org.jspecify.annotations.NullMarked;
